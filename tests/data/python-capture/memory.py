"""Memory that rises to a peak and falls again. Arguments: MB at the peak; what to do then: end, wait, or fork."""
import os
import sys
import time

PIECE = 10000


def spike(pieces, depth=0):
    if depth < 40:
        return spike(pieces, depth + 1)
    return [bytes(PIECE) for _ in range(pieces)]


def settle(pieces):
    return [bytearray(PIECE) for _ in range(pieces)]


def main():
    pieces = int(sys.argv[1]) * 1000000 // PIECE
    base = settle(pieces // 10)
    for part in range(1, 11):  # a peak that is not over at once
        held = spike(pieces * 9 // 10 * part // 10)
        time.sleep(0.01)
        held = None
    base += settle(pieces // 10)
    if sys.argv[2] == "fork" and os.fork() == 0:
        held = spike(pieces)
        os._exit(0)
    if sys.argv[2] == "fork":
        os.wait()
    print("settled", flush=True)
    if sys.argv[2] == "wait":
        sys.stdin.read()


main()
