#!/usr/bin/env python3
"""A second reader of the pack format, written from FORMAT.md alone.

    reader.py DATA list [USER]            live files: space, owner, path, size, time, version
    reader.py DATA extract OUTDIR [USER]  their contents, all checksums and ids checked
    reader.py DATA check                  every pack, record, row and reference
    reader.py vectors FILE                the cutter against its test vectors
    reader.py pack FILE                   the records of one pack

Only DATA/packs is read, no database (*A store without its database*). Exits
with 0; with 1 if something is damaged; with 2 if it was called wrongly.
Needs Python 3.11 and its standard library.
"""

import sys

sys.dont_write_bytecode = True

import datetime
import multiprocessing
import os
from collections import Counter, OrderedDict, defaultdict

import cut
import merged
import pack
import rows
from pack import CHECKPOINT, CHUNK, COMMIT, MANIFEST, TAIL, Refused, Unused
from zstd import Damage


def run(function, items, size=1):
    """Maps a function over items, in as many processes as there are processors."""
    items = list(items)
    n = min(len(os.sched_getaffinity(0)), len(items))
    if n < 2:
        yield from map(function, items)
        return
    with multiprocessing.get_context("fork").Pool(n) as pool:
        yield from pool.imap(function, items, size)


class Store:
    """All packs of a data folder, and the rows that their commits leave behind."""

    def __init__(self, data):
        self.packs = {}
        self.notes = []
        self.objects, self.places, self.problems = merged.places(data)
        # Store id and chunk key are in every header; one that differs is not of this store.
        heads = Counter((o.store, o.key) for o in self.objects if o.store)
        for pack_id, places in self.places.items():
            for place in places:
                try:
                    p = place.open()
                except Unused as e:
                    self.notes.append("pack %d was never used: %s" % (pack_id, e))
                    continue
                except (Refused, Damage, OSError) as e:
                    self.problems.append("pack %d, in %s, is not used: %s" % (pack_id, place, e))
                    continue
                p.place = place
                self.packs[pack_id] = p
                break
        heads.update((p.store, p.key) for p in self.packs.values() if p.store)
        self.id, self.key = heads.most_common(1)[0][0] if heads else (None, None)
        for o in self.objects:
            if o.store and (o.store, o.key) != (self.id, self.key):
                self.problems.append("object %d: another store's" % o.id)
            if o.id in self.places:
                self.problems.append("object %d: a pack has its id" % o.id)
            self.problems += ["object %d: %s" % (o.id, t) for t in o.problems]
        for p in list(self.packs.values()):
            if p.store and (p.store, p.key) != (self.id, self.key):
                self.problems.append("pack %d is not used: another store's" % p.id)
                del self.packs[p.id]
                continue
            self.problems += ["pack %d: %s" % (p.id, t) for t in p.problems]
            self.notes += ["pack %d: %s" % (p.id, t) for t in p.notes]
        self._cache = OrderedDict()
        self.tables = rows.Tables()
        self._replay()
        for (pack_id,) in self.tables["sealed pack"]:
            p = self.packs.get(pack_id)
            if p and not p.sealed:
                self.problems.append("pack %d is known to be sealed, but its footer fails: %s"
                                     % (pack_id, p.no_footer))

    # Records

    def record(self, pack_id, ordinal, *types):
        """(pack, record), or Damage if it is not there."""
        p = self.packs.get(pack_id)
        if p is None:
            raise Damage("no pack %d" % pack_id)
        r = p.records.get(ordinal)
        if r is None:
            raise Damage("pack %d has no ordinal %d" % (pack_id, ordinal))
        if r.type not in types:
            raise Damage("pack %d, ordinal %d has type %d" % (pack_id, ordinal, r.type))
        return p, r

    def content(self, pack_id, ordinal, *types):
        """Plain bytes of a record; some are kept, for contents that repeat themselves."""
        key = pack_id, ordinal
        plain = self._cache.pop(key, None)
        if plain is None:
            p, r = self.record(pack_id, ordinal, *types)
            try:
                # what follows does not need the header of the record; it must not lie, though
                if p.sealed and p._record_header(r.offset - pack.RECORD, p.marker) != r:
                    raise Damage("record header")
                plain = p.content(r, self.key)
            except Damage as e:
                raise Damage("pack %d, ordinal %d: %s" % (pack_id, ordinal, e)) from None
        self._cache[key] = plain
        if len(self._cache) > 8:
            self._cache.popitem(last=False)
        return plain

    # Manifests

    def extents(self, manifest):
        """The extents of a manifest, pages read (*Manifest encoding*)."""
        kind, items = rows.manifest(manifest)
        if kind != 1:
            return items
        out = []
        for page in items:
            kind, inner = rows.manifest(self.content(page.pack, page.ordinal, MANIFEST))
            if kind == 1:
                raise Damage("a page of pages")
            if sum(e.take for e in inner) != page.plain:
                raise Damage("manifest page of another length")
            out += inner
        return out

    def look(self, manifest, tails=()):
        """Looks whether the records that a manifest refers to are there. Gives its bytes."""
        total = 0
        for e in self.extents(manifest):
            plain = 0
            for k in range(e.count):
                plain += self.record(e.pack, e.ordinal + k, CHUNK)[1].plain
            if plain != e.plain:
                raise Damage("extent at pack %d, ordinal %d of another length" % (e.pack, e.ordinal))
            total += e.take
        for pack_id, ordinal, size in tails:
            if self.record(pack_id, ordinal, TAIL)[1].plain != size:
                raise Damage("tail at pack %d, ordinal %d of another length" % (pack_id, ordinal))
            total += size
        return total

    def chunks(self, manifest):
        """The content that a manifest names, in pieces."""
        for e in self.extents(manifest):
            plain, skip, take = 0, e.skip, e.take
            for k in range(e.count):
                piece = self.content(e.pack, e.ordinal + k, CHUNK)
                plain += len(piece)
                part = piece[skip:skip + take]
                skip = max(0, skip - len(piece))
                take -= len(part)
                yield part
            if plain != e.plain or take:
                raise Damage("extent at pack %d, ordinal %d of another length" % (e.pack, e.ordinal))

    # Commits

    def _replay(self):
        """*A store without its database*: all checkpoints and commits, by LSN."""
        commits = {}
        checkpoints = defaultdict(dict)
        for p in self.packs.values():
            for r in p.records.values():
                if r.type not in (COMMIT, CHECKPOINT):
                    continue
                try:
                    c = rows.parse(p.content(r, self.key))
                    if c.lsn != int.from_bytes(r.id[:8], "little") or c.lsn == 0:
                        raise Damage("LSN %d is not that of the record" % c.lsn)
                except Damage as e:
                    self.problems.append("pack %d, commit %d: %s" % (p.id, r.ordinal, e))
                    continue
                if r.type == CHECKPOINT:
                    number, count = (int.from_bytes(r.id[at:at + 4], "little") for at in (8, 12))
                    checkpoints[c.lsn, r.id[16:]][number] = count, c
                    continue
                # packs and ordinals ascend, so the later one is the one that counts
                if c.lsn in commits:
                    self.notes.append("LSN %d occurs twice, again in pack %d, ordinal %d"
                                      % (c.lsn, p.id, r.ordinal))
                commits[c.lsn] = p, r, c
        begin = 0
        for lsn, which in sorted(checkpoints, reverse=True):
            parts = checkpoints[lsn, which]
            n = len(parts)
            if [parts.get(k, (0,))[0] for k in range(n)] == [0] * (n - 1) + [n]:
                begin = lsn
                for k in range(n):
                    self.tables.apply(parts[k][1])
                break
        order = [lsn for lsn in sorted(commits) if lsn > begin]
        self.begin = begin
        self.first, self.last = (order[0], order[-1]) if order else (begin, begin)
        self.commits = len(order)
        expected = begin + 1
        for lsn in order:
            p, r, c = commits[lsn]
            if lsn != expected:
                self.problems.append("no commit with LSN %s"
                                     % (expected if lsn == expected + 1 else "%d to %d" % (expected, lsn - 1)))
            expected = lsn + 1
            if lsn == self.last:
                try:
                    self._believe(c)
                except Damage as e:
                    text = "commit with LSN %d (pack %d) does not count: %s" % (lsn, p.id, e)
                    (self.problems if p.damaged or p.sealed else self.notes).append(text)
                    continue
            self.tables.apply(c)

    def _believe(self, commit):
        """Damage if a record that a commit refers to is not there."""
        for what, table, _, row in commit.ops:
            if what == "keep" and "manifest" in row:
                self.look(row["manifest"], row.get("tails", ()))

    # Files

    def spaces(self, user=None):
        """Live spaces as (id, name of the owner, row), those of one account with user."""
        out = []
        for (space_id,), s in sorted(self.tables["space"].items()):
            account = self.tables["account"].get((s["owner"],))
            owner = account["name"] if account else ""
            if not s["removed"] and (user is None or owner == user):
                out.append((space_id, owner, s))
        return out

    def files(self, root):
        """Live files below a node as (path, row), by path. A path is a list of names.

        What is in the trash, or in a copy under way, is below other nodes.
        """
        if not hasattr(self, "_children"):
            self._children = defaultdict(list)
            for n in self.tables["node"].values():
                self._children[n["parent"]].append(n)
        out, todo, seen = [], [((), root)], {root}
        while todo:
            path, parent = todo.pop()
            for n in self._children[parent]:
                if n["kind"] == 1:
                    out.append((path + (n["name"],), n))
                elif n["kind"] == 2 and n["id"] not in seen:
                    seen.add(n["id"])
                    todo.append((path + (n["name"],), n["id"]))
        out.sort(key=lambda f: [name.encode() for name in f[0]])
        return out

    def report(self, into=sys.stderr):
        for t in self.notes:
            print("note:", t, file=into)
        for t in self.problems:
            print("damage:", t, file=into)


def shown(text):
    """A name without the bytes that would break a line or a column."""
    return "".join("\\x%02x" % ord(c) if ord(c) < 32 or c in "\\\x7f" else c for c in text)


def instant(ns):
    if ns == rows.NO_TIME:
        return "-"
    s, rest = divmod(ns, 1000000000)
    t = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=s)
    return t.strftime("%Y-%m-%dT%H:%M:%S") + ".%09dZ" % rest


def do_list(data, user=None):
    store = Store(data)
    store.report()
    for space_id, owner, s in store.spaces(user):
        for path, n in store.files(s["root"]):
            print(space_id, shown(owner), shown("/".join(path)), n["size"], instant(n["modified"]),
                  n["version"].hex(), sep="\t")
    return 1 if store.problems else 0


def _extract(job):
    """Writes one file. Gives (bytes, problem or None)."""
    path, manifest, size, modified, name = job
    written = 0
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as f:
            for piece in _store.chunks(manifest):
                f.write(piece)
                written += len(piece)
        if written != size:
            raise Damage("%d bytes, not %d" % (written, size))
        if modified != rows.NO_TIME:
            os.utime(path, ns=(modified, modified))
    except (Damage, OSError) as e:
        return written, "%s: %s" % (shown(name), e)
    return written, None


def do_extract(data, out, user=None):
    """Files go to OUTDIR/OWNER/path; a second space of an owner to OUTDIR/OWNER-ID."""
    global _store
    _store = store = Store(data)
    store.report()
    bad = len(store.problems)
    jobs, used = [], set()
    for space_id, owner, s in store.spaces(user):
        folder = owner if owner not in used else "%s-%d" % (owner, space_id)
        used.add(owner)
        for path, n in store.files(s["root"]):
            if any(x in ("", ".", "..") or "/" in x or "\0" in x for x in (folder,) + path):
                print("damage: cannot be a path:", shown("/".join(path)), file=sys.stderr)
                bad += 1
                continue
            jobs.append((os.path.join(out, folder, *path), n["manifest"], n["size"], n["modified"],
                         "/".join(path)))
    os.makedirs(out, exist_ok=True)
    jobs.sort(key=lambda j: -j[2])
    total = files = 0
    for n, problem in run(_extract, jobs, 1 if len(jobs) < 200 else 4):
        total += n
        files += problem is None
        if problem:
            print("damage:", problem, file=sys.stderr)
            bad += 1
    print("%d files, %d bytes" % (files, total))
    return 1 if bad else 0


def _check_pack(job):
    """Reads all of one pack. Gives its problems, a line about it, and numbers of its records.

    Of a pack that lies in several places, also those that do not count are read.
    """
    place, store, key, counting = job
    pack_id = place.pack
    who = "pack %d" % pack_id
    if not counting:
        who += ", left over in %s" % place
    try:
        p = place.open(deep=True, store=store)
    except Damage as e:
        return ["%s: %s" % (who, e)] if not counting else [], "", {}
    except (Unused, Refused, OSError):
        return [], "", {}  # said by Store
    counts = {}
    problems = list(p.problems)
    for r in p.records.values():
        c = counts.setdefault(r.type, [0, 0, 0])
        c[0] += 1
        c[1] += r.stored
        c[2] += r.plain
        if r.ordinal in p.bad or r.type not in pack.TYPES:
            continue
        try:
            if r.flags & 0xFF00 or r.key_id:
                raise Damage("flags %#x, key %d: cannot be read" % (r.flags, r.key_id))
            plain = p.decoded(r, p.payload(r), key)
            if r.type in (COMMIT, CHECKPOINT):
                rows.parse(plain)
            elif r.type == MANIFEST and rows.manifest(plain)[0] != 0:
                raise Damage("a page must have kind 0")
        except Damage as e:
            problems.append("ordinal %d (%s): %s" % (r.ordinal, pack.TYPES[r.type], e))
    line = "%s: %s, generation %d, %d bytes, %d records" % (
        who, "sealed" if p.sealed else "damaged" if p.damaged else "open",
        p.generation, p.size, len(p.records))
    if counting and place.object is not None:
        line += ", in %s" % place
    return ["%s: %s" % (who, t) for t in problems], line, counts if counting else {}


def _check_cutter(state, tail):
    """*The state of the cutter*: the chunk that it is in is what the tail records hold."""
    method = state[0] if state else 0  # before the first byte it may be empty
    if not state:
        good = tail == 0
    elif method == 0:
        good = len(state) - 1 == tail < 512
    elif method in (1, 2):
        n, h = int.from_bytes(state[1:5], "little"), int.from_bytes(state[5:], "little")
        good = (len(state) == (13 if method == 1 else 5) and n == tail < cut.MAX
                and (h == 0 or n > cut.MIN))
    else:
        good = False
    if not good:
        raise Damage("state of the cutter: %s, with %d bytes in tails" % (state[:13].hex(), tail))


def _check_rows(store):
    """References and the tree."""
    problems = []
    seen = {}
    total = Counter()
    for table in ("node", "old version", "part"):
        for key, row in store.tables[table].items():
            what = "%s %s" % (table, key[0].hex() if isinstance(key[0], bytes) else key[0])
            try:
                if table == "part":
                    size = row["durable"]
                elif row.get("kind") == 2:
                    size = 0
                else:
                    size = row["size"]
                m = row["manifest"]
                if m not in seen:
                    seen[m] = store.look(m)
                n = seen[m]
                if table == "part":
                    upload = store.tables["upload"].get((row["upload"],))
                    if upload is None:
                        raise Damage("no upload")
                    if upload["finished"]:
                        continue  # what it had is the file's; the number of bytes stays
                    tail = store.look(b"", row["tails"])
                    n += tail
                    _check_cutter(row["cutter"], tail)
                if n != size:
                    raise Damage("%d bytes, not %d" % (n, size))
                total[table] += 1
            except Damage as e:
                problems.append("%s: %s" % (what, e))
    places = {}
    nodes = store.tables["node"]
    for (node_id,), n in nodes.items():
        other = places.setdefault((n["parent"], n["key"]), node_id)
        if other != node_id:
            problems.append("nodes %d and %d have one place" % (other, node_id))
        parent = nodes.get((n["parent"],))
        if n["parent"] and (parent is None or parent["kind"] != 2):
            problems.append("node %d has no parent" % node_id)
    for (pack_id,), row in store.tables["sealed pack"].items():
        p = store.packs.get(pack_id)
        if p is None:
            problems.append("sealed pack %d is missing" % pack_id)
            continue
        said = row["object"], row["first"], row["bytes"], row["name"]
        true = p.place.row(p.size)
        if said != true and not any(said == x.row(os.path.getsize(x.path))
                                    for x in store.places[pack_id] if x.object is None or x.head):
            problems.append("sealed pack %d lies at %s, its row says %s" % (pack_id, true, said))
        elif said != true:  # a crash came between the object and the row
            store.notes.append("the row of sealed pack %d is that of an older generation" % pack_id)
        elif p.sealed and row["records"] != len(p.records):
            problems.append("sealed pack %d has %d records, its row says %d"
                            % (pack_id, len(p.records), row["records"]))
    # the sums of the folders, of live files
    below = Counter()
    files = Counter()
    for n in nodes.values():
        if n["kind"] != 1:
            continue
        up, seen_ids = n["parent"], set()
        while up and up not in seen_ids and (up,) in nodes:
            seen_ids.add(up)
            below[up] += n["size"]
            files[up] += 1
            up = nodes[(up,)]["parent"]
    tops = {id for row in store.tables["space"].values() for id in (row["root"], row["trash"])}
    for (node_id,), s in store.tables["sums"].items():
        top, seen_ids = node_id, set()
        while (top,) in nodes and nodes[(top,)]["parent"] and top not in seen_ids:
            seen_ids.add(top)
            top = nodes[(top,)]["parent"]
        if top not in tops and (top,) in nodes and not nodes[(top,)]["parent"]:
            continue  # a copy that is not done, or what is being dropped
        if (s["bytes"], s["files"]) != (below[node_id], files[node_id]):
            problems.append("sums of folder %d: %d bytes in %d files, not %d in %d"
                            % (node_id, s["bytes"], s["files"], below[node_id], files[node_id]))
    return problems, total


def _forgotten(store):
    """*A pack that the store has forgotten*: from here on the store is without them."""
    problems = []
    store.forgotten = [p for i, p in store.packs.items()
                       if p.place.object is not None and (i,) not in store.tables["sealed pack"]]
    for p in store.forgotten:
        del store.packs[p.id]
        high = max((int.from_bytes(r.id[:8], "little") for r in p.records.values()
                    if r.type == COMMIT), default=0)
        if high > store.begin:
            problems.append("pack %d is in no row, and has a commit with LSN %d" % (p.id, high))
    return problems


def do_check(data):
    store = Store(data)
    problems = list(store.problems)
    counts = {}
    jobs = []
    for pack_id, places in store.places.items():
        used = store.packs.get(pack_id)
        jobs += [(x, store.id, store.key, used is None or x is used.place) for x in places]
    for o in store.objects:
        problems += ["object %d: %s" % (o.id, t) for t in o.strict]
    problems += _forgotten(store)
    sealed = sum(p.sealed for p in store.packs.values())
    for found, line, c in run(_check_pack, jobs):
        if line:
            print(line)
        problems += found
        for t, (n, stored, plain) in c.items():
            sums = counts.setdefault(t, [0, 0, 0])
            sums[0] += n
            sums[1] += stored
            sums[2] += plain
    if store.objects:
        n = sum(p.place.object is not None for p in store.packs.values())
        f = len(store.forgotten)
        print("merged objects: %d, with %d packs that count, %d left over, %d forgotten" % (
            len(store.objects), n, sum(len(o.places) for o in store.objects) - n - f, f))
    found, total = _check_rows(store)
    problems += found
    print("store %s" % (store.id.hex() if store.id else "?"))
    print("packs: %d sealed, %d open or damaged, %d bytes"
          % (sealed, len(store.packs) - sealed, sum(p.size for p in store.packs.values())))
    for t, (n, stored, plain) in sorted(counts.items()):
        print("records: %s: %d, stored %d bytes, plain %d bytes" % (pack.TYPES.get(t, t), n, stored, plain))
    print("commits: LSN %d to %d" % (store.first, store.last))
    print("rows: " + ", ".join("%d %ss" % (len(store.tables[t]), t) for t in (
        "account", "space", "node", "old row", "old version", "trash", "upload", "part")).replace("trashs", "trash entries"))
    live = sum(len(store.files(s["root"])) for _, _, s in store.spaces())
    print("live files: %d" % live)
    for t in store.notes:
        print("note:", t)
    problems = list(dict.fromkeys(problems))
    for t in problems:
        print("damage:", t)
    print("%d problems" % len(problems) if problems else "ok")
    return 1 if problems else 0


def do_vectors(path):
    problems, n, total = cut.check_vectors(path, run)
    for t in problems:
        print("differs:", t)
    print("%d contents, %d bytes: %s" % (n, total, "%d differ" % len(problems) if problems else "ok"))
    return 1 if problems else 0


def do_pack(path):
    """Prints the records of one file, whose id is taken from its header."""
    with open(path, "rb") as f:
        pack_id = int.from_bytes(f.read(80)[72:], "little")
    try:
        p = pack.Pack(pack_id, path, deep=True)
    except (Unused, Refused) as e:
        print("not used:", e)
        return 1
    problems = list(p.problems)
    for r in p.records.values():
        print(pack.line(r))
        try:
            if r.ordinal not in p.bad and r.type in pack.TYPES:
                p.content(r, p.key)
        except Damage as e:
            problems.append("ordinal %d: %s" % (r.ordinal, e))
    if not p.sealed and p.no_footer != "no trailer":
        problems.append("footer: %s" % p.no_footer)
    for t in p.notes:
        print("note:", t)
    for t in problems:
        print("damage:", t)
    print("pack %d: %s, %d records, %s" % (p.id, "sealed" if p.sealed else "open", len(p.records),
                                         "%d problems" % len(problems) if problems else "ok"))
    return 1 if problems else 0


def main(args):
    for f in (sys.stdout, sys.stderr):
        f.reconfigure(encoding="utf-8", errors="surrogateescape")
    if len(args) == 2 and args[0] == "vectors":
        return do_vectors(args[1])
    if len(args) == 2 and args[0] == "pack":
        return do_pack(args[1])
    if len(args) in (2, 3) and args[1] == "list":
        return do_list(args[0], *args[2:])
    if len(args) in (3, 4) and args[1] == "extract":
        return do_extract(args[0], *args[2:])
    if len(args) == 2 and args[1] == "check":
        return do_check(args[0])
    print(__doc__.strip(), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
