-- title: Loyal shoppers
-- description: Five orders or more in all, and still ordering.
-- owner: crm
-- enters:
total_purchases >= 5 AND purchases_30d >= 1
-- stays:
total_purchases >= 5 AND purchases_30d >= 0.5
-- score:
purchases_30d
-- reason:
printf('%.0f orders, the last %.0f days ago', total_purchases, days_since_purchase)
