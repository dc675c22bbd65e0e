"""BLAKE3, plain and keyed, 32 bytes of output, in plain Python.

The ids of chunks (FORMAT.md, *Types*, *Ids*) are keyed hashes, and the gear of
the cutter (*Gear*) is made of unkeyed ones.

One function does all compressions. It works on "lanes": a word of the state is
one big integer that holds the word of many independent compressions, 64 bits
for each, of which the upper half takes the carries. The chunks of 1024 bytes of
an input are independent, and so are the nodes of one level of its tree.
"""

_IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
       0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
_PERM = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)

_CHUNK_START, _CHUNK_END, _PARENT, _ROOT, _KEYED = 1, 2, 4, 8, 16

_LANES = 256  # at most so many compressions at once: they fit the processor's cache


def _make_compress():
    """Writes out the seven rounds, so that all words are local variables.

    compress(h, m, i, t, n, f, M): h chaining value, m message, i the four
    words of the IV, t counter, n block length, f flags; M has the lower 32
    bits of all lanes set. a and c are not reduced modulo 2^32: they gain less
    than 6 bits in all rounds, which the lanes have room for.
    """
    src = ["def compress(h, m, i, t, n, f, M):",
           " a0,a1,a2,a3,b0,b1,b2,b3 = h",
           " c0,c1,c2,c3 = i",
           " d0 = t; d1 = 0; d2 = n; d3 = f",
           " m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15 = m"]
    order = list(range(16))
    half = " {a} = {a} + {b} + m{m}; x = ({d} ^ {a}) & M; {d} = (x >> {r} | x << {s}) & M"
    rest = " {c} = {c} + {d}; x = ({b} ^ {c}) & M; {b} = (x >> {r} | x << {s}) & M"
    for _ in range(7):
        for k in range(8):
            col = k % 4
            if k < 4:
                q = (col, col, col, col)
            else:
                q = (col, (col + 1) % 4, (col + 2) % 4, (col + 3) % 4)
            v = dict(zip("abcd", ("%s%d" % p for p in zip("abcd", q))))
            src.append(half.format(m=order[2 * k], r=16, s=16, **v))
            src.append(rest.format(r=12, s=20, **v))
            src.append(half.format(m=order[2 * k + 1], r=8, s=24, **v))
            src.append(rest.format(r=7, s=25, **v))
        order = [order[p] for p in _PERM]
    src.append(" return (" + ",".join("(a%d ^ c%d) & M" % (k, k) for k in range(4)) + ","
               + ",".join("b%d ^ d%d" % (k, k) for k in range(4)) + ")")
    space = {}
    exec("\n".join(src), space)
    return space["compress"]


_compress = _make_compress()
_M32 = 0xFFFFFFFF


class _Constants:
    """What a number of lanes needs: the mask, and 1 in each lane."""

    def __init__(self, n):
        self.one = int.from_bytes(b"\1\0\0\0\0\0\0\0" * n, "little")
        self.mask = self.one * _M32
        self.iv = tuple(w * self.one for w in _IV[:4])
        self.count = int.from_bytes(
            b"".join(k.to_bytes(8, "little") for k in range(n)), "little")


_constants = {}


def _lanes(n):
    c = _constants.get(n)
    if c is None:
        if len(_constants) > 64:
            _constants.clear()
        c = _constants[n] = _Constants(n)
    return c


def _words(data):
    return [int.from_bytes(data[k:k + 4], "little") for k in range(0, len(data), 4)]


def _column(view, first, step, n, buf, wide):
    """Every step-th 32-bit word of view from first on, one in each lane."""
    wide[::2] = view[first::step]
    return int.from_bytes(buf, "little")


def _full_chunks(data, n, start, key, flags):
    """Chaining values of n whole chunks, as 32*n bytes; data has 1024*n bytes."""
    c = _lanes(n)
    one, mask = c.one, c.mask
    view = memoryview(data).cast("B").cast("I")
    buf = bytearray(8 * n)
    wide = memoryview(buf).cast("I")
    h = tuple(w * one for w in key)
    count = c.count + start * one
    length = 64 * one
    for block in range(16):
        f = flags
        if block == 0:
            f |= _CHUNK_START
        if block == 15:
            f |= _CHUNK_END
        m = [_column(view, 16 * block + w, 256, n, buf, wide) for w in range(16)]
        h = _compress(h, m, c.iv, count, length, f * one, mask)
    return _spread(h, n)


def _spread(h, n):
    """Eight words of n lanes, back into n values of 32 bytes."""
    out = bytearray(32 * n)
    o = memoryview(out).cast("I")
    for w in range(8):
        o[w::8] = memoryview(h[w].to_bytes(8 * n, "little")).cast("I")[::2]
    return out


def _chunk(data, counter, key, flags, root):
    """Chaining value (or, with root, the hash) of one chunk of at most 1024 bytes."""
    h = key
    n = len(data)
    pos = 0
    f = flags | _CHUNK_START
    while True:
        block = data[pos:pos + 64]
        pos += 64
        last = pos >= n
        if last:
            f |= _CHUNK_END | root
        m = _words(bytes(block).ljust(64, b"\0"))
        h = _compress(h, m, _IV[:4], counter, len(block), f, _M32)
        if last:
            return b"".join(w.to_bytes(4, "little") for w in h)
        f = flags


def _parents(values, n, key, flags):
    """Parents of n pairs of chaining values (64*n bytes), as 32*n bytes."""
    out = []
    view = memoryview(values)
    for at in range(0, n, _LANES):
        k = min(_LANES, n - at)
        c = _lanes(k)
        part = view[64 * at:64 * (at + k)].cast("I")
        buf = bytearray(8 * k)
        wide = memoryview(buf).cast("I")
        m = [_column(part, w, 16, k, buf, wide) for w in range(16)]
        h = _compress(tuple(w * c.one for w in key), m, c.iv, 0, 64 * c.one,
                      (flags | _PARENT) * c.one, c.mask)
        out.append(_spread(h, k))
    return b"".join(out)


def blake3(data, key=None):
    """The 32 bytes of BLAKE3 of data; with key (32 bytes) in keyed mode."""
    flags, words = 0, _IV
    if key is not None:
        flags, words = _KEYED, tuple(_words(key))
    data = memoryview(data)
    n = len(data)
    if n <= 1024:
        return _chunk(data, 0, words, flags, _ROOT)
    whole = n // 1024
    values = []
    for at in range(0, whole, _LANES):
        k = min(_LANES, whole - at)
        values.append(_full_chunks(data[1024 * at:1024 * (at + k)], k, at, words, flags))
    if n % 1024:
        values.append(_chunk(data[1024 * whole:], whole, words, flags, 0))
    level = b"".join(values)
    # Pair neighbours, level by level; one left over moves up as it is.
    # That is the tree of BLAKE3, whose left subtrees are full.
    while len(level) > 64:
        pairs = len(level) // 64
        rest = level[64 * pairs:]
        level = _parents(level[:64 * pairs], pairs, words, flags) + rest
    h = _compress(words, _words(level), _IV[:4], 0, 64, flags | _PARENT | _ROOT, _M32)
    return b"".join(w.to_bytes(4, "little") for w in h)
