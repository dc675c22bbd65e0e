"""The cutter (FORMAT.md, *Cutting*), and the check of it against the test vectors."""

import json

from blake3 import blake3

MIN, NORMAL, MAX = 524288, 1048576, 4194304

# *Media*: the rows of the table as (offset, bytes, mask or None).
_TABLE = """
0: ffd8ff
0: 89504e470d0a1a0a
0: 474946383761
0: 474946383961
0: 52494646, 8: 57454250
0: ff0a
0: 0000000c4a584c200d0a870a
0: 0000000c6a5020200d0a870a
0: ff4fff51
0: 49492a00, 8: 43520200
0: 000000, 4: 66747970
0: 000000, 4: 73747970
0: 00, 4: 6d6f6f76
4: 6d646174
0: 0000000877696465
0: 52494646, 8: 41564920
0: 1a45dfa3
0: 3026b2758e66cf11a6d900aa0062ce6c
0: 464c5601
0: 2e524d46000000
0: 000001ba40 & ffffffffc0
0: 000001ba20 & fffffffff0
0: 000001b3
0: 47000010 & ff800010, 188: 47, 376: 47
4: 47000010 & ff800010, 196: 47, 388: 47
0: 49443300000000000000 & fffffff8000080808080
0: fff20000 & fff60c03
0: fff20400 & fff60c03
0: fff20800 & fff60c03
0: fff140 & fff7c0
0: 4f67675300
0: 664c614300 & ffffffff7f
0: 7776706b
0: 2321414d52
0: 1f8b0800 & ffffffe0
0: 504b0304
0: 504b0708504b0304
0: 425a6830314159265359 & fffffff0ffffffffffff
0: fd377a585a00
0: 28b52ffd
0: 502a4d18 & f0ffffff
0: 04224d18
0: 02214c18
0: 4c5a495001
0: 894c5a4f000d0a1a0a
0: ff060000734e61507059
0: 1f9d80 & ffff80
0: 377abcaf271c
0: 526172211a0700
0: 526172211a070100
0: 4d53434600000000
0: 213c617263683e0a64656269616e2d62696e617279
0: edabeedb
0: 774f4646
0: 774f4632
"""


def _table():
    out = []
    for line in _TABLE.strip().split("\n"):
        row = []
        for pattern in line.split(","):
            at, rest = pattern.split(":")
            value, _, mask = rest.partition("&")
            value = bytes.fromhex(value)
            row.append((int(at), value, bytes.fromhex(mask) or b"\xff" * len(value)))
        out.append(row)
    return out


MEDIA = _table()
GEAR = [int.from_bytes(blake3(b"cairn gear" + bytes([i]))[:8], "little") for i in range(256)]


def medium(head):
    """Whether the first 512 bytes of a content fit a row of the table."""
    def fits(at, value, mask):
        there = head[at:at + len(value)]
        return len(there) == len(value) and bytes(a & b for a, b in zip(there, mask)) == value
    return any(all(fits(*p) for p in row) for row in MEDIA)


def method(content):
    """0: less than 512 bytes; 1: borders; 2: raw (the numbers of *The state of the cutter*)."""
    if len(content) < 512:
        return 0
    return 2 if medium(bytes(content[:512])) else 1


def _border(content, at):
    """End of the chunk that begins at at (*Borders*)."""
    end = min(len(content), at + MAX)
    h = 0
    gear = GEAR
    at += MIN
    for upto, limit in ((min(end, at - MIN + NORMAL), 1 << 42), (end, 1 << 46)):
        for b in content[at:upto]:
            h = (h << 1) + gear[b] & 0xFFFFFFFFFFFFFFFF
            at += 1
            if h < limit:
                return at
    return end


def cut(content):
    """Lengths of the chunks of a content."""
    content = memoryview(content)
    lengths = []
    at = 0
    raw = method(content) == 2
    while at < len(content):
        end = min(len(content), at + MAX) if raw else _border(content, at)
        lengths.append(end - at)
        at = end
    return lengths


def _noise(seed, count):
    out = bytearray(count)
    x = seed
    for k in range(count):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        out[k] = x >> 24
    return out


def _piece(piece):
    if "hex" in piece:
        return bytes.fromhex(piece["hex"])
    if "fill" in piece:
        return bytes([piece["fill"]["byte"]]) * piece["fill"]["count"]
    return _noise(piece["noise"]["seed"], piece["noise"]["count"])


def check_content(content):
    """Problems with one content of the test vectors, and its number of bytes."""
    name = content["name"]
    data = b"".join(_piece(p) for p in content["pieces"])
    problems = []
    if str(content.get("method", 0)) != str(method(data)):
        problems.append("%s: method %d" % (name, method(data)))
    lengths = cut(data)
    if lengths != [c["bytes"] for c in content["chunks"]]:
        problems.append("%s: chunks of %s" % (name, lengths))
    key = bytes.fromhex(content["key"])
    at = 0
    for n, c in zip(lengths, content["chunks"]):
        if blake3(data[at:at + n], key).hex() != c["id"]:
            problems.append("%s: id of the chunk at %d" % (name, at))
        at += n
    return problems, len(data)


def check_vectors(path, run):
    """Checks gear, table, cutter and ids against the vectors; run maps a function."""
    with open(path, encoding="utf-8") as f:
        v = json.load(f)
    problems = []
    if [int(x, 16) for x in v["gear"]] != GEAR:
        problems.append("gear")
    media = []
    for row in v["media"]:
        media.append([])
        for p in row["patterns"]:
            b = bytes.fromhex(p["bytes"])
            mask = bytes.fromhex(p["mask"]) if p.get("mask") else b"\xff" * len(b)
            media[-1].append((p["at"], b, mask))
    if media != MEDIA:
        problems.append("table of media")
    total = 0
    for found, n in run(check_content, v["contents"]):
        problems += found
        total += n
    return problems, len(v["contents"]), total
