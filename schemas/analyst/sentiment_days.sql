-- What shoppers say in reviews, by day.
SELECT
    toDate(ts) AS day,
    intDiv(uniqExact(user_id), $least) * $least AS shoppers,
    $two_digits(avg(sentiment)) AS mean_sentiment,
    $two_digits(avgIf(rating, rating > 0)) AS mean_rating,
    $two_digits(avg(expected_rating)) AS mean_expected_rating
FROM review_scores FINAL
WHERE toDate(ts) < $today
GROUP BY day
HAVING uniqExact(user_id) >= $least
