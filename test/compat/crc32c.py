"""CRC-32C (Castagnoli), the checksum of FORMAT.md, first section.

Polynomial 1EDC6F41, reflected, initial value and final xor FFFFFFFF.

Short input goes through the usual table of 256 entries. Long input is first
folded: taken as one polynomial over GF(2), its first half A and second half B
(of h bits) are A*x^h + B, and x^h may be reduced modulo the CRC's polynomial
before the multiplication, which then is a handful of shifts of big integers.
"""

_POLY = 0x82F63B78  # 1EDC6F41, reflected


def _make_table():
    table = []
    for i in range(256):
        c = i
        for _ in range(8):
            c = (c >> 1) ^ (_POLY if c & 1 else 0)
        table.append(c)
    return table


_TABLE = _make_table()


def _mul(a, b):
    """a*b modulo the polynomial; reflected, so 0x80000000 is 1."""
    p = 0
    while b:
        if b & 0x80000000:
            p ^= a
        b = (b << 1) & 0xFFFFFFFF
        a = (a >> 1) ^ (_POLY if a & 1 else 0)
    return p


def _xpow(n):
    """x^n modulo the polynomial, reflected."""
    result, square = 0x80000000, 0x40000000
    while n:
        if n & 1:
            result = _mul(result, square)
        square = _mul(square, square)
        n >>= 1
    return result


_shifts = {}   # h -> the shifts of one fold at h bits
_combine = {}  # bytes -> x^(8*bytes)


def _fold_shifts(h):
    s = _shifts.get(h)
    if s is None:
        r = _xpow(h)
        # bit i of r stands for x^(31-i): A*x^j is A shifted by 32-j = i+1
        s = [i + 1 for i in range(32) if r >> i & 1]
        if len(_shifts) > 20000:
            _shifts.clear()
        _shifts[h] = s
    return s


def crc32c(data, value=0):
    """CRC-32C of data; value is that of what stands before it."""
    n = len(data)
    if n > 131072:  # in pieces that fit the processor's cache
        data = memoryview(data)
        for at in range(0, n, 65536):
            value = crc32c(data[at:at + 65536], value)
        return value
    c = value ^ 0xFFFFFFFF
    if n > 600:
        # the running value goes into the first four bytes
        v = int.from_bytes(data, "little") ^ c
        m = 8 * n
        while m > 3000:
            h = (m // 2 + 63) & ~63
            a = v & ((1 << (m - h)) - 1)
            b = v >> (m - h)
            # in a frame of h+32 bits; A is not longer than B
            up = h - (m - h)
            p = 0
            for s in _fold_shifts(h):
                p ^= a << s
            v = (b << 32) ^ (p << up)
            m = h + 32
        data = v.to_bytes(m // 8, "little")
        c = 0
    table = _TABLE
    for b in bytes(data):
        c = table[(c ^ b) & 255] ^ (c >> 8)
    return c ^ 0xFFFFFFFF


def combine(first, second, length):
    """The CRC-32C of two runs of bytes, of their CRCs; the second has length bytes."""
    x = _combine.get(length)
    if x is None:
        if len(_combine) > 20000:
            _combine.clear()
        x = _combine[length] = _xpow(8 * length)
    return _mul(first, x) ^ second
