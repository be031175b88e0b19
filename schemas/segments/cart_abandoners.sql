-- title: Cart abandoners
-- description: Left something in the cart, an hour to two days ago. The value is what was put in less what was taken out or
--   bought, as of when the shopper left; what is older than that visit counts less, by half every five days.
-- owner: crm
-- enters:
cart_left >= 20 AND hours_since_last BETWEEN 1 AND 48
-- stays:
cart_left >= 10 AND hours_since_last BETWEEN 0.5 AND 72
-- score:
cart_left
-- reason:
printf('cart of %.2f left %.0f h ago', cart_left, hours_since_last)
