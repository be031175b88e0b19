-- title: Heavy returners
-- description: Two fifths of what they spent was refunded, and they returned something of late.
-- owner: finance
-- enters:
total_returns >= 2 AND total_refunded >= 0.4 * total_spent AND returns_30d >= 0.5
-- stays:
total_returns >= 2 AND total_refunded >= 0.3 * total_spent AND returns_30d >= 0.25
-- score:
total_refunded
-- reason:
printf('%.0f returns, %.2f refunded of %.2f spent', total_returns, total_refunded, total_spent)
