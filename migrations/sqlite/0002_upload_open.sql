-- The unfinished uploads of an account are asked for at each request that brings bytes;
-- finished ones stay for a day, and may be very many.
DROP INDEX upload_account;
CREATE INDEX upload_open ON upload (account) WHERE finished = 0;
