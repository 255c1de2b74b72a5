"""What may be given to torch, and what becomes of its refusals and of its numbers."""

import sys

import numpy as np
import pytest
import torch

from slidingwindows import SlidingWindowsError, receptive_field
from slidingwindows.tracing.asking import ask_torch, is_shape, plane_of, rounding_unit, tensor_of

X = torch.arange(6.0).reshape(2, 3)
MASKED = ", and torch's windows skip nothing; pass its {}, or fill it with another number"


@pytest.mark.filterwarnings("ignore")  # of kinds of tensors that are new to torch
def test_what_is_no_tensor_of_numbers_is_refused_in_these_words():
    cases = [
        (np.ma.array(X.numpy()), "W is masked" + MASKED.format("filled(0)")),
        (torch.masked.masked_tensor(X, X > 1), "W is masked" + MASKED.format("to_tensor(0)")),
        (np.array(["a"]), "slide cannot take a numpy array of <U1: TypeError: "),
        ([[1.0]], "slide needs a torch tensor or a numpy array, got list"),
        (torch.nested.nested_tensor([X, X]), "a nested tensor has no single shape to slide over"),
        (X.to("meta"), "W is on the meta device, which keeps no numbers"),
        (X.to_sparse(), "W is sparse; its to_dense() can be taken"),
        (X.to_sparse_csr(), "W is sparse; its to_dense() can be taken"),
        (
            torch.quantize_per_tensor(X, 0.1, 0, torch.qint8),
            "W is quantized; its dequantize() can be taken",
        ),
    ]
    for given, words in cases:
        with pytest.raises(SlidingWindowsError) as caught:
            tensor_of(given, "slide", "W")
        said = caught.value.problem
        assert said == words or (words[-1] == " " and said.startswith(words)), words
    with pytest.raises(SlidingWindowsError, match="^the input is on the meta device"):
        tensor_of(X.to("meta"), "slide")


def test_a_tensor_is_taken_as_it_is_and_an_array_copied():
    assert tensor_of(X, "slide") is X
    for array in (np.arange(6, dtype=np.int16).reshape(2, 3), X.double().numpy()):
        for given in (array, array[::-1, ::-1], array.T):
            taken = tensor_of(given, "slide")
            assert taken.tolist() == given.tolist() and taken.is_contiguous()
            assert str(taken.dtype) == f"torch.{given.dtype}"
            before = given.copy()
            taken.zero_()
            assert np.array_equal(given, before), "it is the caller's"


def test_without_numpy_tensors_are_taken_all_the_same(monkeypatch):
    network = torch.nn.Sequential(torch.nn.MaxPool2d(2))
    network.drawn = np.random.default_rng(1)  # of which nothing can be known without it
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert tensor_of(X, "slide") is X and is_shape(torch.tensor([1, 8])) and not is_shape(X)
    assert receptive_field(network, torch.rand(1, 4, 4)).size == (2, 2)
    with pytest.raises(SlidingWindowsError, match="got str"):
        tensor_of("x", "slide")


def test_a_shape_is_two_to_five_whole_numbers():
    sizes = (1, 8, 9, 10, 11, 12)
    for count in range(7):
        some = sizes[:count]
        forms = [some, list(some), np.array(some, int), np.array(some, np.uint8)]
        forms += [torch.tensor(some, dtype=torch.int64), torch.tensor(some, dtype=torch.uint8)]
        for form in forms:
            assert is_shape(form) is (2 <= count <= 5), form
    others = [
        *((1, 8.5), (1, None), [[1], [2]], {1: 2, 3: 4}, "ab", None, 3),
        *(np.ones(3), np.ones((2, 2), int), np.array(3), np.array([True, False]), np.array("ab")),
        *(torch.ones(3), torch.ones(2, 2).int(), torch.tensor(3), torch.tensor([True, False])),
        *(torch.ones(3).to(torch.complex64), torch.ones(3, 0).int()),
        torch.nested.nested_tensor([torch.tensor([1]), torch.tensor([2, 3])]),
    ]
    for other in others:
        assert is_shape(other) is False, other


def test_a_refusal_is_the_first_line_of_what_torch_says():
    def refuse(error):
        raise error

    assert ask_torch(lambda a, b=0: (a, b), 1, b=2) == (1, 2)
    for kind in (RuntimeError, ValueError, TypeError, ZeroDivisionError, NotImplementedError):
        for said, words in (("\n one \n two", "one "), ("one", "one"), ("", "no reason given")):
            with pytest.raises(SlidingWindowsError) as caught:
                ask_torch(refuse, error := kind(said))
            assert str(caught.value) == f"torch says: {words}" and caught.value.__cause__ is error
    with pytest.raises(KeyError):
        ask_torch(refuse, KeyError("a mistake of ours"))


def test_integers_that_a_float_would_round_stay_whole():
    large = 2**53 + 1
    plane = plane_of(torch.tensor([[3, large, -large], [2**53, 0, -1]]))
    assert plane == ((3, large, -large), (2**53, 0, -1))
    kinds = [[type(value) for value in row] for row in plane]
    assert kinds == [[float, int, int], [float] * 3]
    ((nan, infinite, half),) = plane_of(torch.tensor([[float("nan"), float("inf"), 0.5]]))
    assert nan != nan and (infinite, half) == (float("inf"), 0.5)


def test_floats_round_and_integers_do_not():
    for dtype, bits in ((torch.float64, 52), (torch.float32, 23), (torch.float16, 10)):
        assert rounding_unit(dtype) == 2**-bits, dtype
    assert rounding_unit(torch.bfloat16) == 2**-7
    for dtype in (torch.int64, torch.uint8, torch.bool):
        unit = rounding_unit(dtype)
        assert unit == 0 and type(unit) is float, dtype
