"""Protocol `lbfgs`: a quasi-Newton search for the codes of many images.

Each image is a lane with its own memory, line search and end. One gradient
evaluation per iteration serves all lanes. A lane does not depend on its
neighbours, so a result does not depend on the batch.
"""

from typing import NamedTuple

import tensorflow as tf

from wn_gan.reconstruction.loss import Evaluate

MEMORY = 30
# Armijo's condition: least decrease, as a share of what the slope predicts.
SUFFICIENT = 1e-4
# Length of a lane's first step, in code space (a code's length is
# about sqrt(code_size)).
FIRST_STEP = 1.0
# Range of the factor on a rejected step.
SHRINK_LEAST, SHRINK_MOST = 0.1, 0.5
# A lane ends when its slope predicts a decrease below this share of its loss.
CONVERGED = 1e-9


class Lanes(NamedTuple):
    """State of all lanes.

    Attributes:
        z: accepted codes, `[images, code_size]`.
        loss: losses at `z`, `[images]`.
        gradient: gradients at `z`, `[images, code_size]`.
        direction: search direction, `[images, code_size]`.
        step: share of the direction to try next, `[images]`.
        steps: memory of code differences, `[memory, images, code_size]`.
        changes: memory of gradient differences, same shape.
        curvatures: 1 / (step . change) of each pair, 0 if empty,
            `[memory, images]`.
        done: whether the lane has ended, `[images]`.
    """

    z: tf.Tensor
    loss: tf.Tensor
    gradient: tf.Tensor
    direction: tf.Tensor
    step: tf.Tensor
    steps: tf.Tensor
    changes: tf.Tensor
    curvatures: tf.Tensor
    done: tf.Tensor


def _dot(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Inner products over the last axis."""
    return tf.reduce_sum(a * b, axis=-1)


def minimize(
    evaluate: Evaluate,
    start: tf.Tensor,
    evaluations: int,
    preconditioner: tf.Tensor | None = None,
    together: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Minimizes many functions at once, each in its own variables.

    With a preconditioner P it minimizes in the variables y of
    z = start + y P. If P P is about the inverse Hessian, the first step is
    Newton's.

    Args:
        evaluate: codes `[images, code_size]` -> their losses `[images]` and
            the gradient of each loss in its own code.
        start: initial codes, `[images, code_size]`.
        evaluations: total number of calls of `evaluate`.
        preconditioner: symmetric `[code_size, code_size]`; default: none.
        together: whether a loss depends on the codes of all images; then one
            lane minimizes their sum, and `evaluate` gives the gradient of the
            sum.

    Returns:
        The best codes found, `[images, code_size]`, and each image's best
        loss after each evaluation, `[evaluations, images]`; of images
        together, their mean.
    """
    search = _minimize_together if together else _minimize
    if preconditioner is not None:
        scaled = _scaled(evaluate, start, preconditioner)
        y, curve = search(scaled, tf.zeros_like(start), evaluations, True)
        return start + y @ preconditioner, curve
    return search(evaluate, start, evaluations)


def _scaled(
    evaluate: Evaluate, start: tf.Tensor, preconditioner: tf.Tensor
) -> Evaluate:
    """`evaluate` in the variables y of z = start + y P."""

    def evaluate_scaled(y):
        loss, gradient = evaluate(start + y @ preconditioner)
        return loss, gradient @ preconditioner

    return evaluate_scaled


def _minimize_together(
    evaluate: Evaluate,
    start: tf.Tensor,
    evaluations: int,
    whole_first_step: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """One lane for all codes: a step that helps one image may harm others."""
    shape = tf.shape(start)

    def evaluate_sum(codes):
        losses, gradient = evaluate(tf.reshape(codes, shape))
        return tf.reduce_sum(losses)[tf.newaxis], tf.reshape(gradient, [1, -1])

    z, curve = _minimize(
        evaluate_sum, tf.reshape(start, [1, -1]), evaluations, whole_first_step
    )
    means = curve / tf.cast(shape[0], curve.dtype)
    return tf.reshape(z, shape), tf.tile(means, [1, shape[0]])


def _minimize(
    evaluate: Evaluate,
    start: tf.Tensor,
    evaluations: int,
    whole_first_step: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    loss, gradient = evaluate(start)
    lanes = _first_lanes(start, loss, gradient, whole_first_step)
    curve = tf.TensorArray(loss.dtype, evaluations).write(0, loss)

    def iterate(i, lanes, curve):
        trial = lanes.z + lanes.step[:, tf.newaxis] * lanes.direction
        loss, gradient = evaluate(trial)
        lanes = advance(lanes, trial, loss, gradient)
        return i + 1, lanes, curve.write(i, lanes.loss)

    _, lanes, curve = tf.while_loop(
        lambda i, *_: i < evaluations, iterate, (1, lanes, curve)
    )
    return lanes.z, curve.stack()


def _first_lanes(z, loss, gradient, whole_step) -> Lanes:
    images, code_size = tf.unstack(tf.shape(z))
    memory = tf.zeros([MEMORY, images, code_size], z.dtype)
    length = tf.norm(gradient, axis=-1)
    step = tf.math.divide_no_nan(tf.cast(FIRST_STEP, z.dtype), length)
    return Lanes(
        z=z,
        loss=loss,
        gradient=gradient,
        direction=-gradient,
        step=tf.ones_like(step) if whole_step else step,
        steps=memory,
        changes=memory,
        curvatures=tf.zeros([MEMORY, images], z.dtype),
        done=tf.equal(length, 0),
    )


def advance(
    lanes: Lanes, trial: tf.Tensor, loss: tf.Tensor, gradient: tf.Tensor
) -> Lanes:
    """Accepts or rejects each lane's trial and chooses the next one.

    Args:
        lanes: state before the trial.
        trial: evaluated codes, `[images, code_size]`.
        loss: losses at `trial`, `[images]`.
        gradient: gradients at `trial`, `[images, code_size]`.
    """
    slope = _dot(lanes.gradient, lanes.direction)
    promised = SUFFICIENT * lanes.step * slope
    finite = tf.math.is_finite(loss)
    taken = finite & (loss <= lanes.loss + promised) & ~lanes.done
    # Every finite trial updates the curvature, even a rejected one.
    lanes = _remember(lanes, trial, gradient, finite & ~lanes.done)
    column = taken[:, tf.newaxis]
    z = tf.where(column, trial, lanes.z)
    new_loss = tf.where(taken, loss, lanes.loss)
    new_gradient = tf.where(column, gradient, lanes.gradient)
    direction = -_times_inverse_hessian(lanes, new_gradient)
    # If the direction points uphill, use the negative gradient.
    new_slope = _dot(new_gradient, direction)
    uphill = (new_slope >= 0)[:, tf.newaxis]
    direction = tf.where(uphill, -new_gradient, direction)
    new_slope = _dot(new_gradient, direction)
    step = tf.where(taken, tf.ones_like(loss), _shorter(lanes, slope, loss))
    direction = tf.where(column, direction, lanes.direction)
    converged = taken & (-new_slope <= CONVERGED * new_loss)
    return lanes._replace(
        z=z,
        loss=new_loss,
        gradient=new_gradient,
        direction=direction,
        step=step,
        done=lanes.done | converged,
    )


def _shorter(lanes: Lanes, slope: tf.Tensor, loss: tf.Tensor) -> tf.Tensor:
    """Step to the minimum of the parabola through both losses and the slope."""
    rise = loss - lanes.loss - lanes.step * slope
    share = tf.math.divide_no_nan(-lanes.step * slope, 2 * rise)
    share = tf.where(tf.math.is_finite(share), share, SHRINK_LEAST)
    return lanes.step * tf.clip_by_value(share, SHRINK_LEAST, SHRINK_MOST)


def _remember(
    lanes: Lanes, trial: tf.Tensor, gradient: tf.Tensor, use: tf.Tensor
) -> Lanes:
    """Adds a pair to the memory of the lanes in `use`, newest last."""
    step, change = trial - lanes.z, gradient - lanes.gradient
    curvature = _dot(step, change)
    scale = tf.norm(step, axis=-1) * tf.norm(change, axis=-1)
    use = use & (curvature > 1e-6 * scale)
    inverse = tf.math.divide_no_nan(tf.ones_like(curvature), curvature)

    def shifted(memory, newest):
        mask = tf.reshape(use, [1, -1] + [1] * (memory.shape.rank - 2))
        return tf.where(
            mask, tf.concat([memory[1:], newest[tf.newaxis]], 0), memory
        )

    return lanes._replace(
        steps=shifted(lanes.steps, step),
        changes=shifted(lanes.changes, change),
        curvatures=shifted(lanes.curvatures, inverse),
    )


def _times_inverse_hessian(lanes: Lanes, vector: tf.Tensor) -> tf.Tensor:
    """The two-loop recursion (Nocedal & Wright 2006, algorithm 7.4).

    Empty slots of the memory have curvature 0 and no effect.
    """
    weights = [None] * MEMORY
    for i in reversed(range(MEMORY)):
        weights[i] = lanes.curvatures[i] * _dot(lanes.steps[i], vector)
        vector -= weights[i][:, tf.newaxis] * lanes.changes[i]
    newest = lanes.changes[-1]
    scale = tf.math.divide_no_nan(
        tf.ones_like(lanes.loss),
        lanes.curvatures[-1] * _dot(newest, newest),
    )
    vector *= tf.where(scale > 0, scale, 1)[:, tf.newaxis]
    for i in range(MEMORY):
        share = lanes.curvatures[i] * _dot(lanes.changes[i], vector)
        vector += (weights[i] - share)[:, tf.newaxis] * lanes.steps[i]
    return vector
