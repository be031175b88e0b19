-- Shoppers who entered and left each segment, by day.
SELECT
    toDate(at) AS day,
    segment,
    change,
    intDiv(uniqExact(user_id), $least) * $least AS shoppers
FROM segment_changes FINAL
WHERE toDate(at) < $today
GROUP BY day, segment, change
HAVING uniqExact(user_id) >= $least
