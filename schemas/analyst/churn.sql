-- How likely shoppers fall silent, in tenths, and what raises it most.
SELECT
    floor(churn_score, 1) AS churn_from,
    reason_1_text AS reason,
    intDiv(uniqExact(user_id), $least) * $least AS shoppers
FROM shopper_scores FINAL
WHERE churn_state = 2
GROUP BY churn_from, reason
HAVING uniqExact(user_id) >= $least
