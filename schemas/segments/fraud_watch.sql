-- title: Under fraud watch
-- description: A fraud alert within a week that nobody has cleared, or a purchase found a fraud within 30 days.
-- owner: risk
-- enters:
hours_since_fraud_alert <= 168 OR days_since_fraud <= 30
-- stays:
hours_since_fraud_alert <= 192 OR days_since_fraud <= 33
-- score:
if(days_since_fraud <= 33, 1, fraud_alert_score)
-- reason:
if(days_since_fraud <= 33, printf('a purchase found a fraud %.0f days ago', days_since_fraud), printf('fraud alert of %.2f, %.0f h ago', fraud_alert_score, hours_since_fraud_alert))
