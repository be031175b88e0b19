-- Shoppers about whom an alert went out, by day, kind and the first reason.
SELECT
    toDate(ts) AS day,
    kind,
    top_reason,
    intDiv(uniqExact(user_id), $least) * $least AS shoppers
FROM alerts FINAL
WHERE suppressed_by = '' AND toDate(ts) < $today
GROUP BY day, kind, top_reason
HAVING uniqExact(user_id) >= $least
