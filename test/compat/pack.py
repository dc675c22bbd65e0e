"""Packs: header, records, footer, trailer, and the scan (FORMAT.md up to *What a reader does*)."""

import mmap
import os
import re
import struct
import zlib
from collections import namedtuple

import zstd
from blake3 import blake3
from crc32c import combine, crc32c
from zstd import Damage

HEADER = 4096
RECORD = 72
PAGE = 4096
TRAILER = 96
BLOCK = 65536
MAX_STORED = 8 << 20
MAX_CHUNK = 4 << 20
MAX_ORDINAL = 65536

CHUNK, COMMIT, CHECKPOINT, TAIL, MANIFEST, PAD = 1, 2, 3, 4, 5, 6
TYPES = {CHUNK: "chunk", COMMIT: "commit", CHECKPOINT: "checkpoint", TAIL: "tail",
         MANIFEST: "manifest page", PAD: "pad"}

# The fields that footer entry and record header have both; offset is that of the payload.
Record = namedtuple("Record", "id offset stored plain crc32 crc32c ordinal key_id type codec flags")

_RECORD = struct.Struct("<8sBBHIIIII32sI")
_ENTRY = struct.Struct("<32sQIIIIIIIBBH")


def padded(n):
    return (n + 7) & ~7


def pack_files(data):
    """Ids and paths of the packs of a data folder that are files (*Where packs lie*), by id."""
    return named_files(data, ".pack")


def named_files(data, ending):
    root = os.path.join(data, "packs")
    found = []
    for folder in os.listdir(root):
        if not re.fullmatch("[0-9a-f]{2}", folder):
            continue
        for name in os.listdir(os.path.join(root, folder)):
            if re.fullmatch("[0-9a-f]{16}" + re.escape(ending), name) and name[14:16] == folder:
                pack_id = int(name[:16], 16)
                if pack_id:
                    found.append((pack_id, os.path.join(root, folder, name)))
    return sorted(found)


class Unused(Exception):
    """A pack that was never used: a short file without a whole header (*Header*)."""


class Refused(Exception):
    """A version or an incompat flag that this reader does not know."""


class Pack:
    """One pack. records: the good ones, by ordinal; problems: damage; notes: what is none.

    sealed: it has a good footer. With deep, all payloads' CRC-32C are looked
    at, and of a sealed pack records and footer are compared (*What damage a
    checker finds*). data: its bytes, if it is not a file of its own.
    """

    def __init__(self, pack_id, path, deep=False, store=None, data=None):
        self.id = pack_id
        self.path = path
        self.records = {}
        self.problems = []
        self.notes = []
        self.sealed = False
        self.damaged = False  # in the sense of *What a reader does*
        self.torn = False     # something unreadable stands behind the last record
        self.no_footer = None  # why there is no good footer
        self.entries = None
        self.bad = set()      # ordinals whose payload, or header, is not what the footer says
        if data is not None:
            self.size, self.data = len(data), data
        else:
            with open(path, "rb") as f:
                self.size = os.fstat(f.fileno()).st_size
                self.data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) if self.size else b""
        self.store = self.key = None
        self.generation = 0
        self.marker = None
        try:
            self._header(store)
        except Damage as e:
            if self.size <= HEADER:
                raise Unused(str(e))
            self.problems.append("header: %s" % e)
            self.damaged = True
        try:
            self._footer()
        except Damage as e:
            # damage if the pack is known to be sealed, which is not said in the pack
            self.no_footer = str(e)
            if self.marker is None:
                self._marker_of_first()
        if self.sealed:
            self.records = self.entries
            if deep:
                self._compare()
        elif self.marker is not None:
            self._scan()

    # Header

    def _header(self, store):
        d = self.data[:HEADER]
        if len(d) < HEADER:
            raise Damage("file of %d bytes" % len(d))
        magic, version, _, _, incompat, uuid, key, pack_id, gen, _, marker = struct.unpack_from(
            "<8sIIII16s32sQII8s", d)
        if magic != b"CAIRNPK\0":
            raise Damage("magic")
        if crc32c(d[:4092]) != int.from_bytes(d[4092:], "little"):
            raise Damage("checksum")
        if version != 1:
            raise Refused("version %d" % version)
        if incompat:
            raise Refused("incompat flags %#x" % incompat)
        if store is not None and uuid != store:
            raise Damage("another store's: %s" % uuid.hex())
        if pack_id != self.id:
            raise Damage("pack id %d" % pack_id)
        self.store, self.key, self.generation, self.marker = uuid, key, gen, marker

    def _marker_of_first(self):
        """*A damaged header*: the marker of the first record, if that passes as one.

        The generation stands nowhere else then; it is taken for 0.
        """
        marker = self.data[HEADER:HEADER + 8]
        if self._record_header(HEADER, marker):
            self.marker = bytes(marker)
        else:
            self.problems.append("no marker: nothing in it can be read")

    # Records

    def _record_header(self, at, marker):
        """The record header at an offset if it is whole (*Record*), payload apart."""
        d = self.data
        if at + RECORD > self.size or d[at:at + 8] != marker:
            return None
        h = d[at:at + RECORD]
        if crc32c(h[:68]) != int.from_bytes(h[68:], "little"):
            return None
        _, kind, codec, flags, ordinal, stored, plain, crc, crcc, rid, key_id = _RECORD.unpack_from(h)
        if (kind == 0 or ordinal >= MAX_ORDINAL or stored > MAX_STORED
                or kind == CHUNK and plain > MAX_CHUNK
                or codec == 0 and stored != plain
                or at + RECORD + padded(stored) > self.size):
            return None
        return Record(rid, at + RECORD, stored, plain, crc, crcc, ordinal, key_id, kind, codec, flags)

    def payload(self, r):
        """The payload of a record as it is stored."""
        return memoryview(self.data)[r.offset:r.offset + r.stored]

    def _whole(self, at):
        """(record header or None, whether the payload is good too)."""
        r = self._record_header(at, self.marker)
        if r is None:
            return None, False
        return r, crc32c(self.payload(r)) == r.crc32c

    # Footer and trailer

    def _footer(self):
        """*Footer*, *Trailer*. Sets entries and blocks, or raises Damage."""
        d, size = self.data, self.size
        if size < HEADER + TRAILER:
            raise Damage("no trailer")
        t = d[size - TRAILER:]
        (magic, version, entries, blocks, incompat, offset, length, following, footer_crc,
         self.low, self.high, pack_id, gen, _, marker) = struct.unpack_from("<8sIIIIQQIIQQQII8s", t)
        if magic != b"CAIRNEND":
            raise Damage("no trailer")
        if crc32c(t[:92]) != int.from_bytes(t[92:], "little"):
            raise Damage("checksum of the trailer")
        if version != 1:
            raise Refused("version %d in the trailer" % version)
        if incompat:
            raise Refused("incompat flags %#x in the trailer" % incompat)
        if self.marker is not None:
            if (pack_id, gen, marker) != (self.id, self.generation, self.marker):
                raise Damage("pack id, generation or marker of the trailer are not the header's")
        elif pack_id != self.id:
            raise Damage("pack id %d in the trailer" % pack_id)
        entry_pages = (entries + 55) // 56
        pages = entry_pages + (blocks + 1007) // 1008
        if offset % 8 or offset < HEADER or length != PAGE * pages or offset + length != size - TRAILER:
            raise Damage("place of the footer")
        footer = d[offset:offset + length]
        if crc32c(footer) != footer_crc:
            raise Damage("checksum of the footer")
        for k in range(pages):
            p = footer[PAGE * k:PAGE * (k + 1)]
            if (p[4032:4040] != marker or int.from_bytes(p[4040:4044], "little") != k
                    or crc32c(p[:4092]) != int.from_bytes(p[4092:], "little")):
                raise Damage("page %d of the footer" % k)
        found = {}
        first = 0
        self.first_block = []
        last = -1
        for k in range(entries):
            rid, at, stored, plain, crc, crcc, ordinal, block, key_id, kind, codec, flags = \
                _ENTRY.unpack_from(footer, PAGE * (k // 56) + 72 * (k % 56))
            if ordinal <= last or ordinal >= MAX_ORDINAL:
                raise Damage("order of the entries")
            last = ordinal
            # the entries' blocks follow one another, so the first is known
            if block != first:
                raise Damage("first block of ordinal %d" % ordinal)
            first += (stored + BLOCK - 1) // BLOCK
            if at % 8 or at < HEADER + RECORD or at + padded(stored) > offset or first > blocks:
                raise Damage("place of ordinal %d" % ordinal)
            self.first_block.append(block)
            found[ordinal] = Record(rid, at, stored, plain, crc, crcc, ordinal, key_id, kind, codec, flags)
        if first != blocks:
            raise Damage("number of block checksums")
        if following != last + 1:
            raise Damage("next ordinal")
        # *Where an entry stands*: generation 0 has no gaps
        if gen == 0 and following != entries:
            raise Damage("a gap in generation 0")
        self.blocks = []
        for k in range(blocks):
            at = PAGE * (entry_pages + k // 1008) + 4 * (k % 1008)
            self.blocks.append(int.from_bytes(footer[at:at + 4], "little"))
        self.generation, self.marker = gen, bytes(marker)
        self.entries, self.end, self.sealed = found, offset, True

    def _compare(self):
        """Walks the records of a sealed pack and compares them with the footer."""
        say = self.problems.append
        lsns = []
        at = HEADER
        by_offset = sorted(self.entries.values(), key=lambda r: r.offset)
        index = {r.ordinal: k for k, r in enumerate(self.entries.values())}
        last = -1
        for r in by_offset:
            if r.offset - RECORD != at:
                say("%d bytes at %#x are no record's" % (r.offset - RECORD - at, at))
            at = r.offset + padded(r.stored)
            if self._record_header(r.offset - RECORD, self.marker) != r:
                say("record header of ordinal %d is damaged, or not as in the footer" % r.ordinal)
                self.bad.add(r.ordinal)
            if self.generation == 0 and r.ordinal < last:
                say("ordinal %d stands behind %d" % (r.ordinal, last))
            last = r.ordinal
            if any(self.data[r.offset + r.stored:at]):
                say("padding of ordinal %d" % r.ordinal)
            # the checksums of the blocks, and of them that of the payload
            p = self.payload(r)
            k = self.first_block[index[r.ordinal]]
            whole = 0
            for pos in range(0, r.stored, BLOCK):
                piece = p[pos:pos + BLOCK]
                c = crc32c(piece)
                if c != self.blocks[k]:
                    say("block %d of ordinal %d" % (pos // BLOCK, r.ordinal))
                k += 1
                whole = combine(whole, c, len(piece))
            if whole != r.crc32c:
                say("CRC-32C of the payload of ordinal %d" % r.ordinal)
                self.bad.add(r.ordinal)
            if r.type == COMMIT:
                lsns.append(int.from_bytes(r.id[:8], "little"))
        if at != self.end:
            say("%d bytes before the footer are no record's" % (self.end - at))
        if (self.low, self.high) != (min(lsns, default=0), max(lsns, default=0)):
            say("lowest or highest LSN in the trailer")

    # Scan

    def _scan(self):
        """*Open an open pack, or one whose footer fails*."""
        at, highest = HEADER, -1
        d = memoryview(self.data)
        while at < self.size:
            r, good = self._whole(at)
            if good:
                if r.ordinal in self.records:
                    self._hurt("ordinal %d occurs twice, again at %#x" % (r.ordinal, at))
                else:
                    if self.generation == 0 and r.ordinal != highest + 1 and not self.damaged:
                        self._hurt("ordinal %d follows %d" % (r.ordinal, highest))
                    self.records[r.ordinal] = r
                highest = max(highest, r.ordinal)
                end = r.offset + padded(r.stored)
                if any(d[r.offset + r.stored:end]):
                    self.problems.append("padding of ordinal %d" % r.ordinal)
                at = end
                continue
            if self._zeros(at):
                break
            found = None
            if r is not None:
                found = self._search(r.offset + padded(r.stored), highest)
            if found is None:
                found = self._search(at + 8, highest)
            if found is None:
                self.torn = True
                self.notes.append("torn tail, or lost footer (%s), at %#x: %d bytes to the end of the file"
                                  % (self.no_footer, at, self.size - at))
                break
            self._hurt("nothing whole from %#x to %#x" % (at, found))
            at = found
        self.end = at
        self.records = dict(sorted(self.records.items()))

    def _hurt(self, text):
        self.damaged = True
        self.problems.append(text)

    def _zeros(self, at):
        zeros = bytes(1 << 20)
        for k in range(at, self.size, 1 << 20):
            piece = self.data[k:k + (1 << 20)]
            if piece != zeros[:len(piece)]:
                return False
        return True

    def _search(self, at, highest):
        """Offset of the next whole record from at on, or None."""
        while True:
            at = self.data.find(self.marker, at)
            if at < 0:
                return None
            if at % 8 == 0:
                r, good = self._whole(at)
                if good and (self.generation or r.ordinal > highest):
                    return at
            at += 1

    # Content

    def content(self, r, key, check_id=True):
        """Plain bytes of a record, or Damage; key is the chunk key."""
        if r.flags & 0xFF00:
            raise Damage("flags %#x" % r.flags)
        if r.key_id:
            raise Damage("encrypted, with key %d" % r.key_id)
        p = self.payload(r)
        if crc32c(p) != r.crc32c:
            raise Damage("CRC-32C of the payload")
        return self.decoded(r, p, key, check_id)

    def decoded(self, r, p, key, check_id=True):
        """As content, of a payload that is known to be good."""
        if r.codec == 0:
            if r.stored != r.plain:
                raise Damage("stored length is not the plain length")
            plain = bytes(p)
        elif r.codec == 1 and r.type == CHUNK:
            plain = zstd.decode(p, r.plain)
        else:
            raise Damage("codec %d of type %d" % (r.codec, r.type))
        if r.type == CHUNK:
            if zlib.crc32(plain) != r.crc32:
                raise Damage("CRC-32 of the plain bytes")
        elif r.crc32:
            raise Damage("CRC-32 where there is none")
        if r.type in (COMMIT, PAD):
            if any(r.id[0 if r.type == PAD else 8:]):
                raise Damage("id is not zero")
        elif check_id and key is not None and r.type in (CHUNK, TAIL, MANIFEST):
            if (r.type == CHUNK or any(r.id)) and blake3(plain, key) != r.id:
                raise Damage("id")
        return plain


def line(r):
    """One line about a record."""
    return "%d\t%s\t%#x\t%d\t%d\t%08x\t%08x\t%d\t%d\t%#x\t%s" % (
        r.ordinal, TYPES.get(r.type, r.type), r.offset, r.stored, r.plain, r.crc32, r.crc32c,
        r.codec, r.key_id, r.flags, r.id.hex())
