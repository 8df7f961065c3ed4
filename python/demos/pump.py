"""The other process of the demo's second part: a pump that runs, and lets itself be debugged."""

import time

import wherever.debug


def stroke(count, pressure):
    """One stroke; the pressure behind it."""
    lost = pressure // 10
    return pressure + 2 - lost


def main():
    # A socket that only this user may connect to. Nothing listens without this line.
    server = wherever.debug.listen()
    print(server.url, flush=True)
    pressure, wanted, count = 0, 1_000_000, 0
    while pressure < wanted:
        count += 1
        pressure = stroke(count, pressure)
        time.sleep(0.001)
    print(f"ended at {pressure}", flush=True)


if __name__ == "__main__":
    main()
