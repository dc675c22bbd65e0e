"""Merged objects (FORMAT.md, *Merged objects*), and where the packs lie."""

import os
import re
import struct
from collections import namedtuple

import pack
from crc32c import crc32c
from pack import Refused
from zstd import Damage

HEADER = 128
ENTRY = 40
TRAILER = 64
MAX_RUNS = 8192
MAX_PACKS = 65536

_HEADER = struct.Struct("<8sII16s32sQ8sq36s")
_HEAD = struct.Struct("<8s8sQIIQQ")
_ENTRY = struct.Struct("<QI4sQQQ")
_TRAILER = struct.Struct("<8sIIQQ8sI16s")

# A whole head: bytes of the head and its block, runs as (offset, length), and what is reserved.
Head = namedtuple("Head", "pack generation size head bytes runs reserved")


def name_of(number, ending):
    """Name of a pack or an object below packs/."""
    return "%02x/%016x%s" % (number & 255, number, ending)


class Place:
    """Where a pack lies: in a file of its own, or in a block of an object.

    problem: why its block cannot be read.
    """

    def __init__(self, pack_id, path, whole=None, first=0, generation=0, head=None, problem=None):
        self.pack, self.path = pack_id, path
        self.object = whole.id if whole else None
        self.first, self.generation, self.head, self.problem = first, generation, head, problem

    def __str__(self):
        if self.object is None:
            return "a file of its own"
        return "object %d at %#x" % (self.object, self.first)

    def open(self, deep=False, store=None):
        """The pack, or Unused, Refused, Damage or OSError."""
        if self.object is None:
            return pack.Pack(self.pack, self.path, deep, store)
        if self.problem:
            raise Damage(self.problem)
        try:
            p = pack.Pack(self.pack, self.path, deep, store, self.expand())
        except pack.Unused as e:
            raise Damage("header: %s" % e) from None  # only sealed packs are in an object
        if not p.sealed:
            p.problems.append("is not sealed, in an object: %s" % p.no_footer)
        elif p.generation != self.head.generation:
            p.problems.append("generation %d, in a block of %d" % (p.generation, self.head.generation))
        return p

    def expand(self):
        """The bytes of the pack: the runs, and zeros between them."""
        out = bytearray(self.head.size)
        with open(self.path, "rb") as f:
            f.seek(self.first + self.head.head)
            for at, n in self.head.runs:
                out[at:at + n] = f.read(n)
        if len(out) != self.head.size:
            raise Damage("the object ends in the block")
        return bytes(out)

    def row(self, size):
        """What the row of a sealed pack says of its place (op 24)."""
        if self.object is None:
            return self.pack, 0, size, name_of(self.pack, ".pack")
        return self.object, self.first, self.head.bytes, name_of(self.object, ".packs")


class Object:
    """One merged object. places: one for each pack; problems: damage; strict: what is only
    said by a check. Refused if it must not be used.
    """

    def __init__(self, number, path):
        self.id, self.path = number, path
        self.places, self.problems, self.strict = [], [], []
        self.store = self.key = self.marker = None
        with open(path, "rb") as f:
            self.data = f.read()
        self.size = len(self.data)
        try:
            self._header()
        except Damage as e:
            self.problems.append("header: %s" % e)
        entries = count = None
        try:
            at, count, crc = self._trailer()
            entries = self._directory(at, count, crc)
        except Damage as e:
            self.problems.append("%s; blocks are found by their heads" % e)
        if entries is None:
            self._scan(count)
        else:
            self._read(entries)
        seen = set()
        for p in self.places:
            if p.pack in seen:
                self.problems.append("pack %d is in it twice" % p.pack)
            if p.pack >= self.id:
                self.problems.append("pack %d has no lower id" % p.pack)
            seen.add(p.pack)
        del self.data

    def _header(self):
        d = self.data[:HEADER]
        if len(d) < HEADER:
            raise Damage("file of %d bytes" % self.size)
        magic, version, incompat, uuid, key, number, marker, _, reserved = _HEADER.unpack_from(d)
        if magic != b"CAIRNPKS":
            raise Damage("magic")
        if crc32c(d[:124]) != int.from_bytes(d[124:], "little"):
            raise Damage("checksum")
        if version != 1:
            raise Refused("version %d" % version)
        if incompat:
            raise Refused("incompat flags %#x" % incompat)
        if number != self.id:
            raise Damage("id %d" % number)
        if any(reserved):
            self.strict.append("header: what is reserved is not zero")
        self.store, self.key, self.marker = uuid, key, marker

    def _trailer(self):
        """Offset, number of entries and checksum of the directory."""
        t = self.data[-TRAILER:]
        if self.size < HEADER + TRAILER:
            raise Damage("trailer: file of %d bytes" % self.size)
        magic, version, count, at, number, marker, crc, reserved = _TRAILER.unpack_from(t)
        if magic != b"CAIRNDIR":
            raise Damage("trailer: magic")
        if crc32c(t[:60]) != int.from_bytes(t[60:], "little"):
            raise Damage("trailer: checksum")
        if version != 1:
            raise Refused("version %d in the trailer" % version)
        if number != self.id or self.marker not in (None, marker):
            raise Damage("trailer: id or marker are not the header's")
        if any(reserved):
            self.strict.append("trailer: what is reserved is not zero")
        self.marker = marker
        if count > MAX_PACKS or at < HEADER or at + ENTRY * count + TRAILER != self.size:
            raise Damage("trailer: place of the directory")
        return at, count, crc

    def _directory(self, at, count, crc):
        """The entries, as (pack, generation, offset, bytes of the block, bytes of the pack)."""
        d = self.data[at:at + ENTRY * count]
        if crc32c(d) != crc:
            raise Damage("directory: checksum")
        out, end = [], HEADER
        for k in range(count):
            pack_id, gen, reserved, first, n, size = _ENTRY.unpack_from(d, ENTRY * k)
            if first != end or n > at - first:
                raise Damage("directory: block %d is not behind the one before" % k)
            if any(reserved):
                self.strict.append("directory: what is reserved of entry %d is not zero" % k)
            end = first + n
            out.append((pack_id, gen, first, n, size))
        if end != at:
            raise Damage("directory: does not begin where the last block ends")
        return out

    def _head(self, at, marker):
        """The head at an offset, or Damage if it is not whole."""
        d = self.data
        if at + _HEAD.size > self.size:
            raise Damage("head: cut off")
        magic, mark, pack_id, gen, runs, size, total = _HEAD.unpack_from(d, at)
        if magic != b"CAIRNBLK":
            raise Damage("head: magic")
        if not 1 <= runs <= MAX_RUNS:
            raise Damage("head: %d runs" % runs)
        n = 56 + 8 * runs
        if at + n > self.size or crc32c(d[at:at + n - 4]) != int.from_bytes(d[at + n - 4:at + n], "little"):
            raise Damage("head: checksum")
        if marker is not None and mark != marker:
            raise Damage("head: marker")
        self.marker = mark
        where = list(struct.iter_unpack("<II", d[at + 48:at + 48 + 8 * runs]))
        end = 0
        for first, length in where:
            if first % 8 or length % 8 or not length or first < end:
                raise Damage("head: run at %#x, of %d bytes" % (first, length))
            end = first + length
        if end != size or sum(length for _, length in where) != total:
            raise Damage("head: bytes of the pack, or of its runs")
        if at + n + total > self.size:
            raise Damage("head: the object ends in the block")
        return Head(pack_id, gen, size, n, n + total, where, any(d[at + n - 8:at + n - 4]))

    def _place(self, first, head):
        if head.reserved:
            self.strict.append("head at %#x: what is reserved is not zero" % first)
        self.places.append(Place(head.pack, self.path, self, first, head.generation, head))

    def _read(self, entries):
        """Heads where the directory says that there are blocks."""
        for pack_id, gen, first, n, size in entries:
            try:
                h = self._head(first, self.marker)
                if (h.pack, h.generation, h.bytes, h.size) != (pack_id, gen, n, size):
                    raise Damage("head: not what the directory says")
            except Damage as e:
                self.places.append(Place(pack_id, self.path, self, first, gen, None, str(e)))
                continue
            self._place(first, h)

    def _scan(self, count):
        """Blocks by their heads alone; count: how many there are, if that is known."""
        at = HEADER
        while True:
            at = self.data.find(b"CAIRNBLK", at)
            if at < 0:
                break
            try:
                if at % 8:
                    raise Damage("no multiple of 8")
                h = self._head(at, self.marker)
            except Damage:
                at += 1
                continue
            self._place(at, h)
            at += h.bytes
        if count not in (None, len(self.places)):
            self.problems.append("%d blocks of %d are found" % (len(self.places), count))


def object_files(data):
    """Ids and paths of the merged objects of a data folder, by id."""
    return pack.named_files(data, ".packs")


def places(data):
    """(objects, places, problems): of each pack all places where it lies, by its id; what
    counts stands first (*One pack in several places*)."""
    objects, problems, found = [], [], {}
    for pack_id, path in pack.pack_files(data):
        found[pack_id] = [Place(pack_id, path)]
    for number, path in object_files(data):
        try:
            o = Object(number, path)
        except (Refused, OSError) as e:
            problems.append("object %d is not used: %s" % (number, e))
            continue
        objects.append(o)
        for p in o.places:
            found.setdefault(p.pack, []).append(p)
    for several in found.values():
        if len(several) < 2:
            continue
        for p in several:
            if p.object is None:
                try:
                    p.generation = p.open().generation
                except (pack.Unused, Refused, OSError):
                    p.generation = -1
        several.sort(key=lambda p: (p.generation, p.object or 0), reverse=True)
    return objects, dict(sorted(found.items())), problems
