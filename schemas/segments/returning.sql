-- title: Returning after silence
-- description: Here today or yesterday, and on none of the 30 days before, for the first time since. Members for a week.
-- owner: crm
-- enters:
days_here_0_1 > 0 AND days_here_2_31 = 0 AND days_since_first > 32
-- stays:
days_here_0_6 > 0 AND days_here_7_31 = 0 AND days_since_first > 32
-- score:
total_spent
-- reason:
printf('back after more than 30 days, last seen %.0f h ago', hours_since_last)
