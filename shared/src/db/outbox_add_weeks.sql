-- Makes the partitions of the weeks that begin after one moment and until another, and says how many were missing. $1: after; $2: until.
SELECT outbox_add_weeks($1, $2)
