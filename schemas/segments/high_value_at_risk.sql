-- title: High value, at risk of churn
-- description: Spent 500 or more, and likely to fall silent.
-- owner: retention
-- enters:
total_spent >= 500 AND churn_score >= 0.7
-- stays:
total_spent >= 500 AND churn_score >= 0.6
-- score:
churn_score * total_spent
-- reason:
printf('%.0f spent, silence is %.0f%% likely: %s', total_spent, 100 * churn_score, churn_reason)
