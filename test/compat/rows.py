"""Commit payloads, the rows that they leave behind, and manifests
(FORMAT.md, *Commit payload*, *Manifest encoding*)."""

from collections import namedtuple

from zstd import Damage

NO_TIME = -1 << 63


class Reader:
    """The encodings of *Commit payload* over some bytes."""

    def __init__(self, data):
        self.data = data
        self.pos = 0

    def u(self):
        value = shift = 0
        while True:
            if self.pos >= len(self.data) or shift == 70:
                raise Damage("varint")
            b = self.data[self.pos]
            self.pos += 1
            value |= (b & 127) << shift
            shift += 7
            if b < 128:
                break
        if value >> 64:
            raise Damage("varint above 64 bits")
        return value

    def i(self):
        v = self.u()
        return -(v + 1) // 2 if v & 1 else v // 2

    time = i

    def take(self, n):
        if n > len(self.data) - self.pos:
            raise Damage("row is cut off")
        self.pos += n
        return self.data[self.pos - n:self.pos]

    def bytes(self):
        return self.take(self.u())

    manifest = bytes

    def text(self):
        try:
            return self.bytes().decode("utf-8")
        except UnicodeDecodeError:
            raise Damage("text that is not UTF-8") from None

    def id16(self):
        return self.take(16)

    def id32(self):
        return self.take(32)

    def flag(self):
        v = self.u()
        if v > 1:
            raise Damage("flag of %d" % v)
        return bool(v)

    def node(self):
        """The fields of a node; those of a file alone are None for others."""
        n = {"id": self.i(), "space": self.i(), "parent": self.i(), "key": self.text(),
             "name": self.text(), "kind": self.i(), "since": self.i(), "version": None,
             "size": None, "modified": None, "created": None, "author": None}
        if n["kind"] == 1:
            n.update(version=self.id16(), size=self.i(), modified=self.time(),
                     created=self.time(), author=self.i())
        return n

    def tails(self):
        return [(self.i(), self.i(), self.i()) for _ in range(self.u())]

    def end(self):
        return self.pos == len(self.data)


# kind: (what it does, table, fields). The key's fields have a star.
_SPEC = {
    1: ("keep", "space", "*i id, i owner, text name, i root, i trash, i quota, time created, flag removed"),
    2: ("raise", "change number", "*i space, i number"),
    3: ("keep", "account", "*i id, text name, text password, flag admin, time created, i epoch, i space,"
                           " flag removed"),
    4: ("keep", "app password", "*i id, i account, text label, id32 hash, time created"),
    5: ("drop", "app password", "*i id"),
    6: ("keep", "session", "*id32 hash, i account, id32 token, i epoch, time created, time expires"),
    7: ("drop", "session", "*id32 hash"),
    8: ("keep", "node", "node, manifest manifest"),
    9: ("drop node", "node", "*i id"),
    10: ("keep", "sums", "*i node, i bytes, i files, i newest"),
    11: ("keep", "old row", "node, i until"),
    12: ("keep", "old version", "*id16 id, i node, i space, i size, time modified, i author, i since,"
                                " i until, manifest manifest"),
    13: ("drop", "old version", "*id16 id"),
    14: ("keep", "trash", "*i node, i space, i parent, text name, time deleted, i by, i change"),
    15: ("drop", "trash", "*i node"),
    16: ("keep", "change", "*i space, *i number, i node, i parent, i kind, i author, time time"),
    17: ("keep", "upload", "*id16 id, i space, i account, i base, text path, i size, time modified,"
                           " bytes door, bytes preconditions, time created, time expires,"
                           " flag finished, i node, id16 version"),
    18: ("drop upload", "upload", "*id16 id"),
    19: ("keep", "part", "*id16 upload, *i number, i durable, manifest manifest, tails tails, bytes cutter"),
    20: ("keep", "lock", "*text token, i space, i node, flag deep, flag shared, text owner, i account,"
                         " time created, i timeout, time expires"),
    21: ("drop", "lock", "*text token"),
    22: ("keep", "property", "*i node, *text namespace, *text local, text language, bytes value"),
    23: ("drop property", "property", "*i node, *text namespace, *text local"),
    24: ("keep", "sealed pack", "*i id, i object, i first, i bytes, i records, time sealed, text name"),
    25: ("give versions", "old version", "i from, i to"),
    26: ("raise", "epoch", "i number"),
    27: ("drop", "sealed pack", "*i id"),
    32: ("keep", "checkpoint", "i lsn, tails records"),
    28: ("drop old rows", "old row", "*i node, i from, i to"),
    29: ("drop changes", "change", "*i space, i number"),
    30: ("keep", "clock", "time seen, time since"),
    33: ("keep", "snapshot", "*i id, i space, i number, text name, i author, time created"),
    34: ("drop", "snapshot", "*i id"),
    35: ("give contents", "heir", "*i node, i other"),
}


def _parse_spec():
    out = {}
    for kind, (what, table, fields) in _SPEC.items():
        parsed, key = [], []
        for f in fields.split(", "):
            if f == "node":
                parsed.append(("node", None))
                key.append("id")
                continue
            how, name = f.split()
            if how[0] == "*":
                how = how[1:]
                key.append(name)
            parsed.append((how, name))
        out[kind] = what, table, parsed, key
    out[11][3][:] = ["id", "since"]
    return out


_OPS = _parse_spec()

Commit = namedtuple("Commit", "lsn time ops")


def parse(payload):
    """A commit payload: its ops as (what, table, key, row)."""
    r = Reader(payload)
    if not payload:
        raise Damage("empty commit")
    version = r.take(1)[0]
    if version != 1:
        raise Damage("version %d of the encoding of rows" % version)
    lsn = r.u()
    time = r.time()
    ops = []
    for _ in range(r.u()):
        kind = r.u()
        f = Reader(r.bytes())
        if kind not in _OPS:
            raise Damage("op of kind %d" % kind)
        what, table, fields, key = _OPS[kind]
        row = {}
        try:
            for how, name in fields:
                v = getattr(f, how)()
                if name is None:
                    row.update(v)
                else:
                    row[name] = v
        except Damage as e:
            raise Damage("op %d (%s %s): %s" % (kind, what, table, e)) from None
        ops.append((what, table, tuple(row[k] for k in key), row))
    if not r.end():
        raise Damage("bytes behind the last op")
    return Commit(lsn, time, ops)


class Tables:
    """The rows that commits leave behind when they are applied in order."""

    def __init__(self):
        self.rows = {t: {} for _, t, _, _ in _OPS.values()}

    def __getitem__(self, table):
        return self.rows[table]

    def apply(self, commit):
        for what, table, key, row in commit.ops:
            t = self.rows[table]
            if what == "keep":
                t[key] = row
            elif what == "drop":
                t.pop(key, None)
            elif what == "raise":
                if key not in t or t[key]["number"] < row["number"]:
                    t[key] = row
            elif what == "drop node":
                t.pop(key, None)
                self.rows["sums"].pop(key, None)
            elif what == "drop upload":
                t.pop(key, None)
                self._drop_where("part", "upload", key[0])
            elif what == "drop property":
                if key[1] == "" and key[2] == "":
                    self._drop_where("property", "node", key[0])
                else:
                    t.pop(key, None)
            elif what == "drop old rows":
                for k in [k for k in t if k[0] == row["node"] and row["from"] <= k[1] < row["to"]]:
                    del t[k]
                if not any(k[0] == row["node"] for k in t):
                    self.rows["heir"].pop((row["node"],), None)
            elif what == "drop changes":
                for k in [k for k in t if k[0] == row["space"] and k[1] <= row["number"]]:
                    del t[k]
            elif what == "give contents":
                for h in t.values():
                    if h["other"] == row["node"]:
                        h["other"] = row["other"]
                t[key] = row
            elif what == "give versions":
                for v in t.values():
                    if v["node"] == row["from"]:
                        v["node"] = row["to"]

    def _drop_where(self, table, field, value):
        t = self.rows[table]
        for k in [k for k, row in t.items() if row[field] == value]:
            del t[k]


Extent = namedtuple("Extent", "pack ordinal count plain skip take")
Page = namedtuple("Page", "pack ordinal plain")


def manifest(data):
    """A manifest as (kind, list of Extent or Page); an empty one is that of an empty file."""
    if not data:
        return 0, []
    r = Reader(data)
    kind = r.u()
    out = []
    if kind in (0, 2):
        for _ in range(r.u()):
            pack, ordinal, count, plain = r.i(), r.i(), r.i(), r.i()
            skip, take = (r.i(), r.i()) if kind == 2 else (0, plain)
            if (pack < 1 or ordinal < 0 or count < 1 or plain < 0 or skip < 0 or take < 0
                    or skip + take > plain):
                raise Damage("manifest: bad extent")
            out.append(Extent(pack, ordinal, count, plain, skip, take))
    elif kind == 1:
        for _ in range(r.u()):
            p = Page(r.i(), r.i(), r.i())
            if p.pack < 1 or p.ordinal < 0 or p.plain < 0:
                raise Damage("manifest: bad page")
            out.append(p)
    else:
        raise Damage("manifest of kind %d" % kind)
    if not r.end():
        raise Damage("bytes behind a manifest")
    return kind, out
