-- title: Unhappy reviewers
-- description: What they wrote in the last weeks reads negative.
-- owner: service
-- enters:
scored_reviews_30d >= 0.5 AND recent_sentiment <= -0.3
-- stays:
scored_reviews_30d >= 0.25 AND recent_sentiment <= -0.1
-- score:
-recent_sentiment
-- reason:
printf('sentiment of %.2f of late, %.2f over all %.0f reviews', recent_sentiment, mean_sentiment, total_scored_reviews)
