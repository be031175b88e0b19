-- title: Hot leads
-- description: Looked, searched and filled the cart a lot today, and hasn't bought. Intent counts views and twice clicks and
--   searches, four times what went into the cart, eight times checkouts; a day ago counts a third.
-- owner: sales
-- enters:
intent >= 10 AND purchases_1d < 0.1
-- stays:
intent >= 6 AND purchases_1d < 0.2
-- score:
intent
-- reason:
printf('intent of %.1f today: %.1f views, %.1f put into the cart', intent, views_1d, cart_adds_1d)
