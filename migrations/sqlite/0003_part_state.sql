-- Where in a chunk the cutter of an unfinished upload stands.
ALTER TABLE part ADD COLUMN state BLOB;
