"""Do pixels, features and coverage rank the groups alike?"""

from collections.abc import Sequence

from wn_gan.compare.tables import shown

# Measures that rank groups; whether higher is better.
_RANKING = {
    "final test mean": False,
    "perceptual distance": False,
    "KID (test)": False,
    "FD (train)": False,
    "coverage (test)": True,
}


def orders(rows: Sequence[dict]) -> list[str]:
    """The groups by each measure, the best first.

    Args:
        rows: from `make_rows`.

    Returns:
        E.g. "KID (test): weight < batch < none"; groups that a table shows
        alike are joined by "=".
    """
    return [
        f"{name}: {_order(rows, name, higher)}" + " (higher is better)" * higher
        for name, higher in _RANKING.items()
        if all(row[name] is not None for row in rows)
    ]


def _order(rows: Sequence[dict], name: str, higher: bool) -> str:
    ranked = sorted(rows, key=lambda row: row[name], reverse=higher)
    text = _name(ranked[0])
    for one, other in zip(ranked, ranked[1:], strict=False):
        same = shown(one[name]) == shown(other[name])
        sign = "=" if same else ">" if higher else "<"
        text += f" {sign} {_name(other)}"
    return text


def _name(row: dict) -> str:
    """The norm; a mean of a part of its runs says so."""
    failed, runs = row["failed or collapsed"], row["runs"]
    part = f" ({runs - failed} of {runs} runs)" if failed else ""
    return row["norm"] + part
