"""The pictures of a report, as data in the page."""

import base64
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from wn_gan.compare.groups import Group
from wn_gan.compare.shown_images import kept_picture, shown_images
from wn_gan.images import read_as_large

_MILLISECONDS, _CAPTION_HEIGHT, _QUALITY = 900, 14, 80


def picture_rows(groups: Sequence[Group]) -> Iterator[dict]:
    """The pictures of each group's first run: more would make a heavy page.

    Args:
        groups: of all runs.

    Yields:
        Per group: label, seed, and what there is of samples, timeline (both
        as data addresses), reconstructions, and whether they are of the same
        images for all groups.
    """
    names = shown_images([group.runs[0] for group in groups])
    for group in groups:
        run = group.runs[0]
        grids = run.folder.sample_grids()
        same = kept_picture(run.test, names)
        found = same or run.test / "best_median_worst.png"
        yield {
            "label": group.label,
            "seed": run.config.seed,
            "samples": _data(grids[-1]) if grids else None,
            "timeline": _timeline(grids) if len(grids) > 1 else None,
            "reconstructions": _data(found) if found.exists() else None,
            "same_images": same is not None,
        }


def _data(path: Path) -> str:
    text = base64.b64encode(path.read_bytes()).decode()
    return f"data:image/png;base64,{text}"


def _timeline(grids: Sequence[Path]) -> str:
    """The sample grids of training as an animation, a frame per step."""
    with Image.open(grids[-1]) as last:
        size = last.size
    frames = [_frame(path, size) for path in grids]
    file = io.BytesIO()
    frames[0].save(
        file,
        format="WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=[*[_MILLISECONDS] * (len(frames) - 1), 3 * _MILLISECONDS],
        loop=0,
        quality=_QUALITY,
    )
    text = base64.b64encode(file.getvalue()).decode()
    return f"data:image/webp;base64,{text}"


def _frame(path: Path, size: tuple[int, int]) -> Image.Image:
    """A sample grid with its step below it."""
    width, height = size
    frame = Image.new("RGB", (width, height + _CAPTION_HEIGHT), "white")
    frame.paste(read_as_large(path, size))
    step = int(path.stem.removeprefix("step_"))
    draw = ImageDraw.Draw(frame)
    draw.text((2, height + 1), f"step {step:,}", fill="black")
    return frame
