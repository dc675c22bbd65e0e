-- Which packs lie in an object: a merged one holds many.
CREATE INDEX pack_object ON pack (object);
