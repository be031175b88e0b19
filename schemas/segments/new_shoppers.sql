-- title: New shoppers
-- description: First seen within the last week, and bought once at most.
-- owner: crm
-- enters:
days_since_first <= 7 AND total_purchases <= 1
-- stays:
days_since_first <= 8 AND total_purchases <= 2
-- score:
total_events
-- reason:
printf('first seen %.1f days ago, %.0f orders so far', days_since_first, total_purchases)
