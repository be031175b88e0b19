-- Purchases by day and country.
SELECT
    day,
    country,
    intDiv(count(), $least) * $least AS shoppers,
    $two_digits(sum(spent)) AS revenue
FROM (
    SELECT toDate(ts) AS day, country, user_id, sum(amount) AS spent
    FROM events FINAL
    WHERE type = 'purchase' AND toDate(ts) < $today
    GROUP BY day, country, user_id
)
GROUP BY day, country
HAVING count() >= $least AND max(spent) <= sum(spent) / 2
