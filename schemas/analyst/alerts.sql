-- Shoppers about whom an alert went out, by day and kind.
SELECT
    toDate(ts) AS day,
    kind,
    intDiv(uniqExact(user_id), $least) * $least AS shoppers
FROM alerts FINAL
WHERE suppressed_by = '' AND toDate(ts) < $today
GROUP BY day, kind
HAVING uniqExact(user_id) >= $least
