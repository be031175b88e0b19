-- Shoppers who did something about a category, by day and what they did.
SELECT
    toDate(ts) AS day,
    category,
    type,
    intDiv(uniqExact(user_id), $least) * $least AS shoppers
FROM events FINAL
WHERE category != '' AND toDate(ts) < $today
GROUP BY day, category, type
HAVING uniqExact(user_id) >= $least
