"""A decoder of one zstd frame (RFC 8878), for FORMAT.md, *Codec 1*.

decode(payload, plain length) gives the content or raises Damage. It takes raw,
RLE and compressed blocks, all kinds of literals and sequence tables, and the
content checksum. Refused, as the document wants: skippable frames, anything
behind the frame, no content size, a dictionary, a window above 4 MiB.
"""


class Damage(Exception):
    """Something that is not as the format has it."""


MAX_WINDOW = 4 << 20

# Code to (baseline, extra bits), RFC 8878 3.1.1.3.2.1.1
_LL = [(n, 0) for n in range(16)] + [
    (16, 1), (18, 1), (20, 1), (22, 1), (24, 2), (28, 2), (32, 3), (40, 3),
    (48, 4), (64, 6), (128, 7), (256, 8), (512, 9), (1024, 10), (2048, 11),
    (4096, 12), (8192, 13), (16384, 14), (32768, 15), (65536, 16)]
_ML = [(n + 3, 0) for n in range(32)] + [
    (35, 1), (37, 1), (39, 1), (41, 1), (43, 2), (47, 2), (51, 3), (59, 3),
    (67, 4), (83, 4), (99, 5), (131, 7), (259, 8), (515, 9), (1027, 10),
    (2051, 11), (4099, 12), (8195, 13), (16387, 14), (32771, 15), (65539, 16)]
_OF = [(1 << n, n) for n in range(32)]

# Default distributions, 3.1.1.3.2.2
_LL_DEFAULT = (6, [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
                   2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1])
_ML_DEFAULT = (6, [1, 4, 3, 2, 2, 2, 2, 2, 2] + [1] * 37 + [-1] * 7)
_OF_DEFAULT = (5, [1, 1, 1, 1, 1, 1, 2, 2, 2] + [1] * 15 + [-1] * 5)


def _counts(data, pos, end, max_log, max_symbols):
    """Reads a distribution (4.1.1). Gives (accuracy log, counts, position behind)."""
    v = int.from_bytes(data[pos:min(end, pos + 512)], "little")
    log = (v & 15) + 5
    if log > max_log:
        raise Damage("zstd: accuracy log %d" % log)
    at = 4
    left = 1 << log
    counts = []
    while left > 0:
        bits = (left + 1).bit_length()
        val = v >> at & ((1 << bits) - 1)
        low = (1 << (bits - 1)) - 1
        few = (1 << bits) - 1 - (left + 1)
        if val & low < few:
            at += bits - 1
            val &= low
        else:
            at += bits
            if val > low:
                val -= few
        n = val - 1
        counts.append(n)
        left -= abs(n)
        if n == 0:
            while True:
                more = v >> at & 3
                at += 2
                counts.extend([0] * more)
                if more != 3:
                    break
        if len(counts) > max_symbols:
            raise Damage("zstd: too many symbols")
    if left < 0:
        raise Damage("zstd: bad distribution")
    pos += (at + 7) // 8
    if pos > end:
        raise Damage("zstd: distribution is cut off")
    return log, counts, pos


def _spread(log, counts):
    """Decoding table of a distribution: (symbol, bits, base of next state)."""
    size = 1 << log
    table = [0] * size
    high = size
    following = list(counts)
    for s, n in enumerate(counts):
        if n == -1:
            high -= 1
            table[high] = s
            following[s] = 1
    step = (size >> 1) + (size >> 3) + 3
    at = 0
    for s, n in enumerate(counts):
        for _ in range(n if n > 0 else 0):
            table[at] = s
            at = (at + step) & (size - 1)
            while at >= high:
                at = (at + step) & (size - 1)
    if at:
        raise Damage("zstd: bad distribution")
    for k, s in enumerate(table):
        n = following[s]
        following[s] = n + 1
        bits = log - n.bit_length() + 1
        table[k] = (s, bits, (n << bits) - size)
    return table


def _codes(log, table, meaning):
    """A decoding table with the codes' meaning put in."""
    out = []
    for s, bits, base in table:
        if s >= len(meaning):
            raise Damage("zstd: bad code")
        out.append(meaning[s] + (bits, base))
    return log, out


_defaults = {}


def _default(k):
    if not _defaults:
        for n, (d, m) in enumerate(((_LL_DEFAULT, _LL), (_OF_DEFAULT, _OF), (_ML_DEFAULT, _ML))):
            _defaults[n] = _codes(d[0], _spread(*d), m)
    return _defaults[k]


def _end_mark(data, begin, end):
    """Number of bits of a stream that is read backwards, without its end mark."""
    if end <= begin or data[end - 1] == 0:
        raise Damage("zstd: bit stream without an end")
    return 8 * (end - begin - 1) + data[end - 1].bit_length() - 1


class _Huffman:
    """Decoding tables of a Huffman code (4.2.1), of the weights of its symbols."""

    def __init__(self, weights):
        total = sum(1 << (w - 1) for w in weights if w)
        if total == 0 or len(weights) > 255:
            raise Damage("zstd: bad Huffman weights")
        bits = total.bit_length()
        rest = (1 << bits) - total
        if rest & (rest - 1) or bits > 11:
            raise Damage("zstd: bad Huffman weights")
        weights = weights + [rest.bit_length()]
        symbols, lengths = [], []
        for w in range(1, bits + 1):
            for s, x in enumerate(weights):
                if x == w:
                    symbols += [s] * (1 << (w - 1))
                    lengths += [bits + 1 - w] * (1 << (w - 1))
        if len(symbols) != 1 << bits:
            raise Damage("zstd: bad Huffman weights")
        self.bits = bits
        self.one = list(zip(symbols, lengths))
        self.many = None

    def table(self):
        """For each value of 11 bits: the symbols that it begins with, and their bits."""
        if self.many is None:
            wide = 11
            more = wide - self.bits
            single = [(bytes((s,)), n) for s, n in self.one for _ in range(1 << more)]
            mask = (1 << wide) - 1
            # the symbols of the rest of an index, if they fit in what is left of it
            many = []
            for k, (s, n) in enumerate(single):
                used = n
                while used < wide:
                    t, m = single[k << used & mask]
                    if used + m > wide:
                        break
                    s += t
                    used += m
                many.append((s, used))
            self.many = many
        return self.many

    def decode(self, data, begin, end, count):
        """One stream, from its end backwards; gives count bytes."""
        pos = _end_mark(data, begin, end)
        out = []
        push = out.append
        if count > 200:
            table = self.table()
            while pos > 300:
                # a window of bits that ends at pos
                first = max(0, (pos >> 3) - 120)
                w = int.from_bytes(data[begin + first:begin + (pos + 7 >> 3)], "little")
                base = 8 * first
                p = pos - base - 11
                while p >= 0:
                    s, n = table[w >> p & 2047]
                    push(s)
                    p -= n
                pos = p + base + 11
            w = int.from_bytes(data[begin:begin + (pos + 7 >> 3)], "little")
            p = pos - 11
            while p >= 0:
                s, n = table[w >> p & 2047]
                push(s)
                p -= n
            pos = p + 11
            out = bytearray(b"".join(out))
        else:
            out = bytearray()
            w = int.from_bytes(data[begin:end], "little")
        push = out.append
        one, bits = self.one, self.bits
        w = (w & ((1 << pos) - 1)) << bits  # zeros below the first bit
        mask = (1 << bits) - 1
        while pos > 0:
            s, n = one[w >> pos & mask]
            push(s)
            pos -= n
        if pos or len(out) != count:
            raise Damage("zstd: Huffman stream of another length")
        return out


def _weights_fse(data, begin, end):
    """Huffman weights that are coded with FSE (4.2.1.2)."""
    log, counts, pos = _counts(data, begin, end, 6, 256)
    table = _spread(log, counts)
    n = _end_mark(data, pos, end)
    v = int.from_bytes(data[pos:end], "little")
    n -= log
    a = v >> n & ((1 << log) - 1) if n >= 0 else 0
    n -= log
    b = v >> n & ((1 << log) - 1) if n >= 0 else 0
    if n < 0:
        raise Damage("zstd: Huffman weights are cut off")
    out = []
    while True:
        s, bits, base = table[a]
        out.append(s)
        n -= bits
        if n < 0:
            out.append(table[b][0])
            return out
        a = base + (v >> n & ((1 << bits) - 1))
        a, b = b, a  # the two states take turns
        if len(out) > 255:
            raise Damage("zstd: too many Huffman weights")


def _huffman(data, pos, end):
    """Reads a Huffman tree description (4.2.1). Gives (tree, position behind)."""
    if pos >= end:
        raise Damage("zstd: literals are cut off")
    head = data[pos]
    pos += 1
    if head < 128:
        stop = pos + head
        if stop > end:
            raise Damage("zstd: literals are cut off")
        return _Huffman(_weights_fse(data, pos, stop)), stop
    n = head - 127
    stop = pos + (n + 1) // 2
    if stop > end:
        raise Damage("zstd: literals are cut off")
    weights = []
    for b in data[pos:stop]:
        weights += [b >> 4, b & 15]
    return _Huffman(weights[:n]), stop


class _Frame:
    """What is kept from block to block."""

    def __init__(self, window, block_max):
        self.out = bytearray()
        self.window = window
        self.block_max = block_max
        self.tree = None
        self.tables = [None, None, None]  # literals lengths, offsets, match lengths
        self.reps = (1, 4, 8)

    def block(self, data, pos, end):
        """A compressed block (3.1.1.3)."""
        before = len(self.out)
        literals, pos = self.literals(data, pos, end)
        self.sequences(data, pos, end, literals)
        if len(self.out) - before > self.block_max:
            raise Damage("zstd: block of more than its maximum")

    def literals(self, data, pos, end):
        """Literals section (3.1.1.3.1)."""
        head = int.from_bytes(data[pos:min(end, pos + 5)], "little")
        kind, form = head & 3, head >> 2 & 3
        if kind < 2:
            if form & 1 == 0:
                size, used = head >> 3 & 31, 1
            elif form == 1:
                size, used = head >> 4 & 0xFFF, 2
            else:
                size, used = head >> 4 & 0xFFFFF, 3
            pos += used
            take = size if kind == 0 else 1
            if pos + take > end or size > self.block_max:
                raise Damage("zstd: literals are cut off")
            if kind == 0:
                return bytes(data[pos:pos + size]), pos + size
            return bytes(data[pos:pos + 1]) * size, pos + 1
        bits, used = ((10, 3), (10, 3), (14, 4), (18, 5))[form]
        size = head >> 4 & ((1 << bits) - 1)
        coded = head >> (4 + bits) & ((1 << bits) - 1)
        pos += used
        stop = pos + coded
        if stop > end or size > self.block_max:
            raise Damage("zstd: literals are cut off")
        if kind == 2:
            self.tree, pos = _huffman(data, pos, stop)
        elif self.tree is None:
            raise Damage("zstd: literals without a tree")
        if form == 0:
            return bytes(self.tree.decode(data, pos, stop, size)), stop
        if pos + 6 > stop:
            raise Damage("zstd: literals are cut off")
        part = (size + 3) // 4
        edges = [pos + 6]
        for k in range(3):
            edges.append(edges[-1] + int.from_bytes(data[pos + 2 * k:pos + 2 * k + 2], "little"))
        edges.append(stop)
        if edges[3] > stop or size < 3 * part:
            raise Damage("zstd: literals are cut off")
        out = b"".join(
            self.tree.decode(data, edges[k], edges[k + 1], part if k < 3 else size - 3 * part)
            for k in range(4))
        return out, stop

    def table(self, k, mode, data, pos, end):
        """The table of one field of the sequences (3.1.1.3.2.1)."""
        meaning = (_LL, _OF, _ML)[k]
        if mode == 0:
            self.tables[k] = _default(k)
        elif mode == 1:
            if pos >= end or data[pos] >= len(meaning):
                raise Damage("zstd: bad code")
            self.tables[k] = 0, [meaning[data[pos]] + (0, 0)]
            pos += 1
        elif mode == 2:
            log, counts, pos = _counts(data, pos, end, (9, 8, 9)[k], 64)
            self.tables[k] = _codes(log, _spread(log, counts), meaning)
        elif self.tables[k] is None:
            raise Damage("zstd: no table to repeat")
        return pos

    def sequences(self, data, pos, end, literals):
        """Sequences section (3.1.1.3.2), and their execution (3.1.1.4)."""
        out = self.out
        if pos >= end:
            raise Damage("zstd: block is cut off")
        count = data[pos]
        pos += 1
        if count == 0:
            if pos != end:
                raise Damage("zstd: bytes behind a block")
            out += literals
            return
        if count == 255:
            count = int.from_bytes(data[pos:pos + 2], "little") + 0x7F00
            pos += 2
        elif count >= 128:
            if pos >= end:
                raise Damage("zstd: block is cut off")
            count = (count - 128 << 8) + data[pos]
            pos += 1
        if pos >= end:
            raise Damage("zstd: block is cut off")
        modes = data[pos]
        pos += 1
        if modes & 3:
            raise Damage("zstd: reserved bits")
        for k, shift in enumerate((6, 4, 2)):
            pos = self.table(k, modes >> shift & 3, data, pos, end)
        (ll_log, ll_table), (of_log, of_table), (ml_log, ml_table) = self.tables

        begin = pos
        left = _end_mark(data, begin, end)
        # a window of the stream, read backwards; its last bit is bit base
        first = max(0, (left >> 3) - 120)
        w = int.from_bytes(data[begin + first:end], "little")
        base = 8 * first
        p = left - base
        if left < ll_log + of_log + ml_log:
            raise Damage("zstd: sequences are cut off")
        p -= ll_log
        ll_state = w >> p & ((1 << ll_log) - 1)
        p -= of_log
        of_state = w >> p & ((1 << of_log) - 1)
        p -= ml_log
        ml_state = w >> p & ((1 << ml_log) - 1)

        r1, r2, r3 = self.reps
        window = self.window
        lit = 0
        size = len(out)
        limit = size + self.block_max
        while True:
            if p < 100 and base:  # one sequence takes at most 31+16+16+26 bits
                left = base + p
                first = max(0, (left >> 3) - 120)
                w = int.from_bytes(data[begin + first:begin + (left + 7 >> 3)], "little")
                base = 8 * first
                p = left - base
            ll, x, ll_bits, ll_base = ll_table[ll_state]
            of, ox, of_bits, of_base = of_table[of_state]
            ml, mx, ml_bits, ml_base = ml_table[ml_state]
            if ox:
                p -= ox
                if p < 0:
                    break
                of += w >> p & ((1 << ox) - 1)
            if mx:
                p -= mx
                if p < 0:
                    break
                ml += w >> p & ((1 << mx) - 1)
            if x:
                p -= x
                if p < 0:
                    break
                ll += w >> p & ((1 << x) - 1)
            if of > 3:
                r3 = r2
                r2 = r1
                r1 = of = of - 3
            else:
                if ll == 0:
                    of += 1
                if of == 1:
                    of = r1
                elif of == 2:
                    of = r2
                    r2 = r1
                    r1 = of
                else:
                    of = r3 if of == 3 else r1 - 1
                    r3 = r2
                    r2 = r1
                    r1 = of
            if ll:
                out += literals[lit:lit + ll]
                lit += ll
                size += ll
            at = size - of
            if at < 0 or of > window or of == 0:
                raise Damage("zstd: offset out of the window")
            if of >= ml:
                out += out[at:at + ml]
            else:
                run = out[at:]
                out += (run * (ml // of + 1))[:ml]
            size += ml
            if size > limit:
                raise Damage("zstd: block of more than its maximum")
            count -= 1
            if not count:
                break
            bits = ll_bits + ml_bits + of_bits
            p -= bits
            if p < 0:
                break
            bits = w >> p
            of_state = of_base + (bits & ((1 << of_bits) - 1))
            bits >>= of_bits
            ml_state = ml_base + (bits & ((1 << ml_bits) - 1))
            bits >>= ml_bits
            ll_state = ll_base + (bits & ((1 << ll_bits) - 1))
        if count or p or base:
            raise Damage("zstd: sequences of another length")
        if lit > len(literals) or len(out) != size:
            raise Damage("zstd: more literals used than there are")
        out += literals[lit:]
        self.reps = r1, r2, r3


def decode(data, plain):
    """The content of the one frame that data is; plain is its length."""
    data = bytes(data)
    n = len(data)
    if n < 6 or data[:4] != b"\x28\xb5\x2f\xfd":
        raise Damage("zstd: no frame")
    d = data[4]
    pos = 5
    if d & 8:
        raise Damage("zstd: reserved bit")
    single = d >> 5 & 1
    window = None
    if not single:
        w = data[pos]
        pos += 1
        window = (1 << (10 + (w >> 3))) // 8 * (8 + (w & 7))
    id_size = (0, 1, 2, 4)[d & 3]
    if any(data[pos:pos + id_size]):
        raise Damage("zstd: a dictionary")
    pos += id_size
    size_bytes = (single, 2, 4, 8)[d >> 6]
    if size_bytes == 0:
        raise Damage("zstd: no content size")
    size = int.from_bytes(data[pos:pos + size_bytes], "little")
    if size_bytes == 2:
        size += 256
    pos += size_bytes
    if size != plain:
        raise Damage("zstd: content size %d, not %d" % (size, plain))
    if single:
        window = size
    if window > MAX_WINDOW:
        raise Damage("zstd: window of %d bytes" % window)
    frame = _Frame(window, min(window, 131072))
    out = frame.out
    last = False
    while not last:
        if pos + 3 > n:
            raise Damage("zstd: frame is cut off")
        head = int.from_bytes(data[pos:pos + 3], "little")
        pos += 3
        last = head & 1
        kind, length = head >> 1 & 3, head >> 3
        if kind == 3 or length > frame.block_max:
            raise Damage("zstd: bad block")
        take = 1 if kind == 1 else length
        if pos + take > n:
            raise Damage("zstd: frame is cut off")
        if kind == 0:
            out += data[pos:pos + length]
        elif kind == 1:
            out += data[pos:pos + 1] * length
        else:
            frame.block(data, pos, pos + length)
        pos += take
        if len(out) > plain:
            raise Damage("zstd: more content than there should be")
    if len(out) != plain:
        raise Damage("zstd: less content than there should be")
    if d & 4:
        if int.from_bytes(data[pos:pos + 4], "little") != xxh64(out) & 0xFFFFFFFF or pos + 4 > n:
            raise Damage("zstd: checksum of the content")
        pos += 4
    if pos != n:
        raise Damage("zstd: bytes behind the frame")
    return bytes(out)


_P1, _P2, _P3, _P4, _P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                           0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


def xxh64(data):
    """XXH64 with seed 0: the content checksum is its lower 32 bits."""
    M = 0xFFFFFFFFFFFFFFFF
    P1, P2, P3, P4, P5 = _P1, _P2, _P3, _P4, _P5
    n = len(data)
    whole = n // 32 * 32

    def rotl(x, r):
        return (x << r | x >> (64 - r)) & M

    if n >= 32:
        a, b, c, d = (P1 + P2) & M, P2, 0, -P1 & M
        words = iter(memoryview(data)[:whole].cast("Q"))
        for x, y, z, t in zip(words, words, words, words):
            a = (a + x * P2) & M
            a = (a << 31 | a >> 33) * P1 & M
            b = (b + y * P2) & M
            b = (b << 31 | b >> 33) * P1 & M
            c = (c + z * P2) & M
            c = (c << 31 | c >> 33) * P1 & M
            d = (d + t * P2) & M
            d = (d << 31 | d >> 33) * P1 & M
        h = (rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)) & M
        for v in (a, b, c, d):
            h = ((h ^ rotl(v * P2 & M, 31) * P1 & M) * P1 + P4) & M
    else:
        h = P5
    h = (h + n) & M
    at = whole
    while at + 8 <= n:
        k = rotl(int.from_bytes(data[at:at + 8], "little") * P2 & M, 31) * P1 & M
        h = (rotl(h ^ k, 27) * P1 + P4) & M
        at += 8
    if at + 4 <= n:
        h = (rotl(h ^ int.from_bytes(data[at:at + 4], "little") * P1 & M, 23) * P2 + P3) & M
        at += 4
    while at < n:
        h = rotl(h ^ data[at] * P5 & M, 11) * P1 & M
        at += 1
    h = (h ^ h >> 33) * P2 & M
    h = (h ^ h >> 29) * P3 & M
    return h ^ h >> 32
