"""The other process of the demo: a till that fails. Nothing of this file is known to the process that uses it."""

import wherever

RATE = 0.19


class Item:
    def __init__(self, name, price):
        self.name = name
        self.price = price

    def __repr__(self):
        return f"{self.name} at {self.price}"


class Refused(ValueError):
    """A sale that cannot be."""


def total(items, rate=RATE):
    tax = 0
    for number, item in enumerate(items):
        tax += item.price * rate
        if item.price < 0:
            raise Refused(f"item {number} has a negative price")
    return sum(item.price for item in items) + tax


class Till:
    def __init__(self):
        self.password = "open sesame"

    def sell(self, customer, prices):
        items = [Item(f"item {number}", price) for number, price in enumerate(prices)]
        password = self.password
        return f"{customer} pays {total(items)}"


if __name__ == "__main__":
    # Who debugs may do whatever this process may: "open" is for sides that trust each other wholly.
    wherever.serve_stdio({"till": Till()}, policy="open")
