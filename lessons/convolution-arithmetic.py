# ---
# title: Convolution arithmetic, with numbers
# description: The 19 animations of the well-known guide to convolution arithmetic, drawn again from torch, with a number in every cell and a test behind every size.
# ---

# %% [markdown]
# # Convolution arithmetic, with numbers
#
# In 2016 Vincent Dumoulin and Francesco Visin wrote a guide to the sizes that convolutions make ([Dumoulin and Visin 2016](https://arxiv.org/abs/1603.07285)). Their animations of grey and blue squares are in lectures all over the world. Their guide names 19 of them. Here are all 19 again, computed by torch when this page was built. Every cell holds its number.
#
# One letter each: the input's side is $i$, the kernel's $k$, the stride $s$, the padding $p$, the dilation $d$. The output's side is $o$. The guide sorts the sizes into 15 relationships; we keep its numbering.
#
# The numbers in the cells are ours. Whole ones, so that you can check every sum in your head.

# %%
import torch

from slidingwindows.conv_arithmetic import ANIMATIONS, animation, make_module
from slidingwindows.lesson import show

# %% [markdown]
# ## Convolutions

# %% [markdown]
# ### 1. No padding, stride 1
#
# The window visits every place where it fits: $o = (i - k) + 1$.

# %%
show(animation("no_padding_no_strides"), "no-padding-no-strides", "A 3×3 kernel on 4×4 gives 2×2.")

# %%
show(animation("numerical_no_padding_no_strides"), "numerical-no-padding-no-strides", "A 3×3 kernel on 5×5 gives 3×3.")

# %% [markdown]
# ### 2. Padding, stride 1
#
# Padding adds $p$ on both sides: $o = (i - k) + 2p + 1$. With an even kernel the output may even grow by one.

# %%
show(animation("arbitrary_padding_no_strides"), "arbitrary-padding-no-strides", "A 4×4 kernel on 5×5 with padding 2 gives 6×6.")

# %% [markdown]
# ### 3. Half padding: the same size
#
# For an odd kernel and $p = \lfloor k/2 \rfloor$ the size stays: $o = i$.

# %%
show(animation("same_padding_no_strides"), "same-padding-no-strides", "A 3×3 kernel on 5×5 with padding 1 gives 5×5.")

# %% [markdown]
# ### 4. Full padding
#
# With $p = k - 1$ every overlap counts, and the output grows: $o = i + (k - 1)$.

# %%
show(animation("full_padding_no_strides"), "full-padding-no-strides", "A 3×3 kernel on 5×5 with padding 2 gives 7×7.")

# %% [markdown]
# ### 5. No padding, larger stride
#
# The window jumps. What does not fit is left out: $o = \lfloor (i - k)/s \rfloor + 1$.

# %%
show(animation("no_padding_strides"), "no-padding-strides", "A 3×3 kernel on 5×5 at stride 2 gives 2×2.")

# %% [markdown]
# ### 6. Padding and stride
#
# The formula that holds for all of the above: $o = \lfloor (i + 2p - k)/s \rfloor + 1$. The floor makes different inputs equal: 5×5 and 6×6 give the same size here. In the second one no window reads the padding on the right and below.

# %%
show(animation("padding_strides"), "padding-strides", "A 3×3 kernel on 5×5 at stride 2 with padding 1 gives 3×3.")

# %%
show(animation("padding_strides_odd"), "padding-strides-odd", "The same window on 6×6 gives 3×3 too.")

# %%
show(animation("numerical_padding_strides"), "numerical-padding-strides", "Once more 5×5 to 3×3, with other numbers.")

# %% [markdown]
# [Open the input that leaves some padding unread in the explorer](../explorer.md#call=nn.Conv2d%281,1,3,stride=2,padding=1,bias=False%29&input=0,5,1,1,5,1;2,3,5,4,4,0;3,2,2,4,4,5;3,2,3,3,4,1;3,2,2,5,5,5;5,4,5,4,0,4&weights=1,0,2;-1,1,0;2,1,-1), add a row and a column to it, and see which window becomes possible.
#
# ## Pooling

# %% [markdown]
# ### 7. Pooling
#
# A pool has no kernel to learn, but its window moves by the same rule: $o = \lfloor (i - k)/s \rfloor + 1$. The guide's two pools exist only as frames of a PDF in [its repository](https://github.com/vdumoulin/conv_arithmetic), with all outputs in sight from the start.

# %%
show(animation("numerical_average_pooling"), "numerical-average-pooling", "Average pooling, 3×3 at stride 1.")

# %%
show(animation("numerical_max_pooling"), "numerical-max-pooling", "Max pooling, 3×3 at stride 1.")

# %% [markdown]
# ## Transposed convolutions
#
# A transposed convolution turns the arrow of a convolution around: from its output's size back to its input's. Torch computes it by giving each input to a window of the output. You get the very same numbers by a plain convolution over a *stretched* input: zeros around it, and at stride $s$ also $s - 1$ zeros between its elements, under a flipped kernel. That is what you see here. In these seven, $i$ is what goes into the transposed convolution; $k$, $s$ and $p$ are the numbers you pass to torch.

# %% [markdown]
# ### 8. No padding, stride 1
#
# $o = i + (k - 1)$. No padding for the layer means two zeros on each side for the window.

# %%
show(animation("no_padding_no_strides_transposed"), "no-padding-no-strides-transposed", "2×2 grows to 4×4.")

# %% [markdown]
# ### 9. Padding, stride 1
#
# $o = i + (k - 1) - 2p$. More padding makes the output *smaller* here: it takes zeros away.

# %%
show(animation("arbitrary_padding_no_strides_transposed"), "arbitrary-padding-no-strides-transposed", "6×6 becomes 5×5.")

# %% [markdown]
# ### 10. Half padding
#
# Same in, same out: $o = i$.

# %%
show(animation("same_padding_no_strides_transposed"), "same-padding-no-strides-transposed", "5×5 stays 5×5.")

# %% [markdown]
# ### 11. Full padding
#
# All zeros around are gone: $o = i - (k - 1)$.

# %%
show(animation("full_padding_no_strides_transposed"), "full-padding-no-strides-transposed", "7×7 becomes 5×5.")

# %% [markdown]
# ### 12. Stride without padding
#
# Now the zeros stand between the elements: $o = s(i - 1) + k$.

# %%
show(animation("no_padding_strides_transposed"), "no-padding-strides-transposed", "2×2 at stride 2 grows to 5×5.")

# %% [markdown]
# ### 13. Stride and padding
#
# $o = s(i - 1) + k - 2p$.

# %%
show(animation("padding_strides_transposed"), "padding-strides-transposed", "3×3 at stride 2 with padding 1 grows to 5×5.")

# %% [markdown]
# ### 14. Which of the two sizes?
#
# Two inputs led to the same output in relationship 6. So the way back has two answers. `output_padding`, $a$, chooses: $o = s(i - 1) + a + k - 2p$. It widens the zeros on two sides only.

# %%
show(animation("padding_strides_odd_transposed"), "padding-strides-odd-transposed", "With `output_padding=1`, 3×3 grows to 6×6.")

# %% [markdown]
# ## With dilation

# %% [markdown]
# ### 15. A kernel with holes
#
# The taps stand $d$ apart, so the window spans $k + (k - 1)(d - 1)$ elements: $o = \lfloor (i + 2p - k - (k - 1)(d - 1))/s \rfloor + 1$.

# %%
show(animation("dilation"), "dilation", "A 3×3 kernel with dilation 2 spans 5×5, so 7×7 gives 3×3.")

# %% [markdown]
# ## All of them, by torch
#
# The last column is what torch returns for a tensor of that size. A test compares it with the guide's table, row by row.

# %%
print(f"{'':<42}{'i':>3}{'k':>3}{'s':>3}{'p':>3}{'d':>3}{'a':>3}{'o':>4}")
for row in ANIMATIONS:
    output = make_module(row.call)(torch.zeros(1, row.i, row.i))
    print(f"{row.name:<42}{row.i:>3}{row.k:>3}{row.s:>3}{row.p:>3}{row.d:>3}{row.a:>3}{output.shape[-1]:>4}")

# %% [markdown]
# To have the files, run `python -m slidingwindows conv-arithmetic -o folder`. It writes all 19 as GIFs, light or dark.
#
# Sizes and names: Dumoulin and Visin 2016, [arXiv 1603.07285](https://arxiv.org/abs/1603.07285) and [its repository](https://github.com/vdumoulin/conv_arithmetic). Pictures and numbers: ours.
