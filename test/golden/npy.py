#!/usr/bin/env python3
"""Arrays as NumPy saves them, as golden data for Luce's reader.

    python3 test/golden/npy.py > test/golden/npy.json
"""

import base64
import io
import json
import sys

import numpy

TYPES = ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "|u1", "|i1", "<i2", ">i2", "<i4", ">i4")
SHAPES = ((), (3,), (2, 3), (2, 3, 2), (0, 4), (1, 1))


def save(array, version):
    file = io.BytesIO()
    numpy.lib.format.write_array(file, array, version=version)
    return base64.b64encode(file.getvalue()).decode()


def case(descr, shape, order="C", version=(1, 0)):
    count = int(numpy.prod(shape))
    values = (numpy.arange(count) * 7 % 120 - (0 if descr == "|u1" else 60)).reshape(shape)
    if "f" in descr:
        values = values / 8
    array = numpy.array(values, dtype=descr, order=order)
    return {
        "name": f"{descr} {list(shape)} {order} {version[0]}.0",
        "file": save(array, version),
        "shape": list(shape),
        "data": array.ravel("C").tolist(),
    }


def main():
    cases = [case(descr, (2, 3)) for descr in TYPES]
    cases += [case("<f4", shape) for shape in SHAPES]
    cases += [case(descr, shape, "F") for descr in ("<f4", ">i2") for shape in ((2, 3), (2, 3, 2), (4,))]
    cases += [case("<f4", (2, 3), "C", version) for version in ((2, 0), (3, 0))]
    refused = [
        {"name": name, "file": save(array, None)}
        for name, array in (
            ("objects", numpy.array([None, "a"], dtype=object)),
            ("text", numpy.array(["a", "bc"])),
            ("booleans", numpy.array([True])),
            ("64-bit integers", numpy.array([1])),
            ("unsigned 16-bit integers", numpy.array([1], dtype=numpy.uint16)),
            ("complex numbers", numpy.array([1j])),
            ("records", numpy.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f4")])),
            ("times", numpy.array(["2020-01-01"], dtype="datetime64[D]")),
        )
    ]
    document = {"made by": f"test/golden/npy.py with NumPy {numpy.__version__}", "cases": cases, "refused": refused}
    json.dump(document, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
