-- What shoppers say of an item, in all their reviews.
SELECT
    item,
    intDiv(uniqExact(user_id), $least) * $least AS shoppers,
    $two_digits(avg(sentiment)) AS mean_sentiment,
    $two_digits(avg(rating)) AS mean_rating
FROM review_scores FINAL
WHERE toDate(ts) < $today
GROUP BY item
HAVING uniqExact(user_id) >= $least
