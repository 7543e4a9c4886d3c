"""Replies drawn from the judge as it is, rewarded on the spot: what GRPO trains on.

Everything is drawn at temperature 1 from the whole distribution: that is the policy whose
gradient the loss follows.

Why not through TRL (1.16)? It has two ways of drawing. With the model in training it calls
``generate``, as is done here, in a private method of ``GRPOTrainer`` that cannot be had without
the trainer, its data loader and its loop. With vLLM there is ``VLLMGeneration``
(``trl.generation.vllm_generation``), which stands apart and takes token numbers, but would break
what is promised here:

- It hands vLLM the whole model with the adapters merged in, and takes them out again afterwards.
  In bfloat16 neither is exact: about half of the frozen weights come back changed, so the
  reference drifts with every update, and steps of 1e-6 are rounded away in what vLLM draws from.
- vLLM draws with random numbers of its own, which no checkpoint holds: a resumed run would draw
  other replies.
- A server receives weights over NCCL only (CUDA on both sides); in one process vLLM takes the
  device's memory beside the training, with the versions of torch that it is built for.

Rollouts for the other losses are drawn from vLLM, by :mod:`bestofn_training.rollout`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from transformers import GenerationMixin

from ..data.rows import JudgeInput, read_rows
from ..errors import BadInput, BadRow
from .batches import Batch, collate_groups
from .judge import Judge
from .log_probs import base_model
from .tokenising import Reply, Tokenising

Reward = Callable[[JudgeInput, str], float]
"""From a judge input and a reply to it to its reward (equation 1)."""


class GroupSet:
    """Judge inputs, answered anew each time they are read. Call it with places for their batch.

    The random numbers are torch's own, which checkpoints hold: a resumed run draws the same.

    Args:
        path: The file of judge inputs.
        tokenising: For the judge.
        judge: Who answers.
        reward: What a reply is worth.
        group: Replies per input.
        longest: Most tokens of a reply; one that has not ended by then is rewarded as it is.
        domains: Names of all domains, in the order of their numbers; by default those of the
            file, sorted.

    Attributes:
        inputs: The rows.
        domains: Names of the domains.
        numbers: Of the rows: the numbers of their domains.

    Raises:
        BadRow: naming file, row, field and reason.
        BadInput: ``group`` or ``longest`` is too small.
    """

    def __init__(
        self,
        path: str | Path,
        tokenising: Tokenising,
        judge: Judge,
        reward: Reward,
        *,
        group: int = 16,
        longest: int = 2048,
        domains: Sequence[str] | None = None,
    ) -> None:
        if group < 2 or longest < 1:
            raise BadInput("group", f"needs 2 replies of 1 token at least: {group}, {longest}")
        self.tokenising, self.judge, self.reward = tokenising, judge, reward
        self.group, self.longest = group, longest
        self.inputs: list[JudgeInput] = []
        context = tokenising.settings.context
        lines = []
        for line, row in read_rows(path, JudgeInput):
            length = len(tokenising.prompt(row.prompt))
            if length + longest > context:
                reason = (
                    f"has {length} tokens, and replies of {longest} do not fit beside it into a "
                    f"context of {context}; leave the row out or train with a longer context"
                )
                raise BadRow(path, line, "prompt", reason)
            self.inputs.append(row)
            lines.append(line)
        found = sorted({row.domain for row in self.inputs})
        self.domains = tuple(found if domains is None else domains)
        for line, row in zip(lines, self.inputs, strict=True):
            if row.domain not in self.domains:
                listed = ", ".join(self.domains)
                raise BadRow(path, line, "domain", f"{row.domain!r} is not one of: {listed}")
        self.numbers = [self.domains.index(row.domain) for row in self.inputs]

    def __len__(self) -> int:
        """Number of judge inputs."""
        return len(self.inputs)

    def __call__(self, places: Sequence[int]) -> Batch:
        """See :func:`~bestofn_training.models.collate_groups`."""
        groups = [self.draw(self.inputs[place]) for place in places]
        rewards = [
            [self.reward(self.inputs[place], self.text(reply)) for reply in replies]
            for place, replies in zip(places, groups, strict=True)
        ]
        domain = [self.numbers[place] for place in places]
        return collate_groups(groups, rewards, places, domain, padding=self.tokenising.padding)

    def draw(self, row: JudgeInput) -> list[Reply]:
        """One group of replies."""
        prompt = self.tokenising.prompt(row.prompt)
        ids = torch.tensor([prompt], device=self.judge.device)
        model = self.judge.model
        trained = model.training
        model.eval()  # in training, checkpointed models generate without their cache
        try:
            with torch.no_grad(), self.judge.computing():
                made = self._generate(ids)
        finally:
            model.train(trained)
        return [Reply(prompt=prompt, reply=self._ended(row)) for row in made[:, len(prompt) :]]

    def text(self, reply: Reply) -> str:
        """What a reader of the reply would see."""
        ended = reply.reply[-1] == self.tokenising.end
        tokens = list(reply.reply[:-1] if ended else reply.reply)
        return cast(str, self.tokenising.tokenizer.decode(tokens))

    def _generate(self, ids: torch.Tensor) -> torch.Tensor:
        if not isinstance(base_model(self.judge.model), GenerationMixin):
            raise BadInput("judge", "its model cannot generate; take a causal language model")
        model: Any = self.judge.model
        return cast(
            torch.Tensor,
            model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                do_sample=True,
                temperature=1.0,
                top_p=1.0,
                top_k=0,
                num_return_sequences=self.group,
                max_new_tokens=self.longest,
                eos_token_id=self.tokenising.end,
                pad_token_id=self.tokenising.padding,
            ),
        )

    def _ended(self, tokens: torch.Tensor) -> tuple[int, ...]:
        found: list[int] = tokens.tolist()
        end = self.tokenising.end
        return tuple(found[: found.index(end) + 1] if end in found else found)
