-- Members of each segment now, and how many of them are held out.
SELECT
    segment,
    intDiv(uniqExact(user_id), $least) * $least AS shoppers,
    intDiv(uniqExactIf(user_id, held_out = 1), $least) * $least AS held_out_shoppers
FROM segment_members FINAL
WHERE inside = 1
GROUP BY segment
HAVING uniqExact(user_id) >= $least
