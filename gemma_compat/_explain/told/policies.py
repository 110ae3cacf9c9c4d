"""Symptoms told of training by rewards and preferences: GRPO, DPO and their kin."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, near, told

_LOSS = r"\b(?:loss(?:es)?|perplexity)\b|损失"
_ZERO = r"(?<![\w.,-])(?:0(?:\.0{1,6})?|(?-i:zero|Zero(?![- ]?\d)))(?![\d.]*\d|\.\d|\s?%|\w)"
_RL = r"(?:GRPO|RLOO|GSPO|DAPO|PPO|GMPO|REINFORCE|reinforcement|\bRL\b|强化)"

_ENGINES = re.compile(r"sampling_logp_difference|importance_sampling_(?:ratio|mode)")
_NOTHING = re.compile(
    r"\b(?:loss|grad[_ ]?norm)\b\W{1,6}(?:0(?:\.0{1,6})?(?![.\d])|"
    r"\d(?:\.\d{1,4})?e-(?:0?[5-9]|\d\d))"
)


def tells_of_engines(case: Case) -> bool:
    """Return whether the report has figures on how far trainer and rollout engine differ."""
    return _ENGINES.search(case.hit.before) is not None


_differ = told(
    "trainer and rollout engine give the same tokens other probabilities, and the correction for "
    "it can take the whole gradient",
    "vllm_importance_sampling_mode='token_truncate'   in GRPOConfig, in place of sequence_mask",
    "sampling/importance_sampling_ratio/mean of the next step: near 1 then?",
    "dtype=torch.bfloat16, the same attention and the same prompt ids on both sides; pip install "
    "-U vllm   brings them closer",
    why="TRL multiplies the loss by the ratio of both probabilities. For a whole sequence it is "
    "the exponential of the sum over all its tokens: at 0.1 for each of 600 tokens that is "
    "almost 0, for each token alone it stays near 1",
)

loss_of_zero_in_grpo = told(
    "a loss of 0 is told of in GRPO, where it is ordinary at the start",
    "look at reward, reward_std and grad_norm, not at the loss: are they above 0?",
    "reward_std of 0: all answers of a group get the same reward, and nothing is learned; "
    "log_completions=True shows them",
    "grad_norm of nan: bf16=True in place of fp16",
    why="before a step the policy equals the reference and the advantages of a group add "
    "up "
    "to 0, so the loss is 0 while its gradient is not; later it is beta times the distance "
    "between the two, which grows. A grad_norm of 0 as well means that nothing is trained",
)

_rewards = told(
    "rewards are said to stay at zero, or not to rise",
    "log_completions=True   shows what is generated",
    "a reward for a part of it (the format), beside the one for the right answer",
    "num_generations=8, temperature=1.0, max_completion_length above the length of an answer",
    why="GRPO learns from differences within a group: where all answers get 0, there is no "
    "gradient. Answers that are cut, or in a form that the reward does not parse, all get 0",
)
_preferences = told(
    "preference training is said to move nothing: rewards stay near 0, or the loss near 0.69",
    "model.print_trainable_parameters()   on trainer.model: 0, or far fewer than meant?",
    "PeftModel.from_pretrained(BASE, ADAPTER, is_trainable=True)   where it goes on from an "
    "adapter",
    "ref_model=None with peft_config or a PEFT model: never the same object as model",
    "logging_steps=1 over 100 steps: do rewards/margins grow at all? Else a higher learning_rate",
    why="its rewards are the policy's distance from the reference: 0 means that the two are still "
    "the same, and 0.693 is ln 2, the loss of that. An adapter is loaded frozen by default",
)
_PREFERENCES = re.compile(
    r"\bDPO\b|\bKTO\b|\bIPO\b|DPOTrainer|rewards/(?:chosen|margins|rejected)|preference (?:train|"
    r"tun)"
)


_same_rewards = told(
    "rewards are said to be the same for every answer",
    "print(reward_func(completions=[WRONG], **ROW))   : does an answer that is plainly wrong get "
    "less?",
    "log_completions=True   beside the column that holds the right answer",
    "a harder task, temperature=1.0: answers of a group that all get one reward teach nothing",
    why="GRPO learns from differences within a group. A function that compares empty texts, or "
    "the answer with itself, gives its full reward to all; so does a task that is solved already",
)
_FULL = re.compile(r"(?:[=:]|是|为|is|are|always|at) ?[\"'`]?1(?:\.0+)?(?![\d.]*\d)|always one\b")


def _by_kind_of_reward(case: Case) -> Answer | None:
    """Answer by what the rewards are: those of preference training come from no function."""
    text = case.hit.before
    if _FULL.search(case.match[0]):
        return _same_rewards(case)
    is_of_pairs = _PREFERENCES.search(text) and not re.search(r"\bGRPO\b|reward_func", text)
    return _preferences(case) if is_of_pairs else _rewards(case)


_collapsed = told(
    "a run trained by rewards is said to collapse, or its entropy or length of answers to drift",
    "log_completions=True   : read ten answers from before and after: cut, repeating, or "
    "paid for by a "
    "mistake of the reward?",
    "learning_rate=1e-6 (5e-6 with LoRA), max_grad_norm=0.1 to 1.0, beta=0.001 to 0.04",
    "max_completion_length above the answers (clipped ones get no right reward), "
    "mask_truncated_completions=True",
    "reward_std, clip ratios and kl by step: which moves first?",
    why="entropy that vanishes ends all exploration; entropy or length that grows comes "
    "with answers that "
    "are cut or nonsense, a rate that is too high, rollouts by an engine whose logps "
    "differ from the "
    "trainer's, or no pull to the reference (beta=0)",
)
_shortened = told(
    "answers are said to become shorter along a run that is trained by rewards",
    'loss_type="dapo" or "dr_grpo" in GRPOConfig (TRL from 0.23 on: dapo is its default): does the '
    "length stay? It is the mean over each answer",
    "read ten answers from before and after (log_completions=True): does the reward pay as much "
    "for "
    "the short ones?",
    "a reward, or a bound, for the length that you want",
    why="a loss that is a mean over each answer's tokens gives a token of a short answer more "
    "weight than one of a long answer: good short answers are pushed more, and bad long ones less",
)
_SHORTER = re.compile(
    r"(?i)short|shrink|decreas|declin|drop|collaps|fall|越[^\n。]{0,6}短|变短|下降|断崖"
)
_LENGTH = re.compile(r"(?i)length|长度")


_MEANT = re.compile(r"(?i)\bas (?:we|I|you) (?:want|wish|hop|mean)|\bas (?:intended|expected)\b")


def _drifts(case: Case) -> Answer | None:
    text = case.hit.text
    if _MEANT.search(text):
        return None
    return (_shortened if _LENGTH.search(text) and _SHORTER.search(text) else _collapsed)(case)


POLICIES: tuple[Symptom, ...] = (
    Symptom(
        "importance-ratio-without-gradient",
        r"\bsampling_logp_difference\b|\bimportance_sampling_ratio\b|"
        r"\bvllm_importance_sampling_mode\b",
        lambda case: _differ(case) if _NOTHING.search(case.hit.before) else None,
        {
            "Symptom: grad_norm = 1e-9, loss = 0.0, the reward does not move\n"
            "- `sampling/sampling_logp_difference/mean: 0.13` for each token": "token_truncate",
            "sampling/sampling_logp_difference/mean: 0.01, loss 0.02": "",
        },
        words=("sampling_logp", "importance_sampling"),
        effects=("nothing-learned",),
    ),
    Symptom(
        "loss-of-zero-in-grpo",
        near(
            "GRPO|RLOO|GSPO|DAPO",
            rf"(?:{_LOSS})[^\n]{{0,20}}?{_ZERO}|{_ZERO}[^\n]{{0,12}}?(?:{_LOSS})",
            80,
        ),
        loss_of_zero_in_grpo,
        {
            "Why does the loss start at 0 when I train GRPO, and then possibly increase?": (
                "reward_std"
            ),
            "GRPO loss is always 0.0 with gemma-3-1b": "reward_std",
            "GRPO reward is 0.5": "",
        },
        words=("grpo", "rloo", "gspo", "dapo"),
        effects=("nothing-learned",),
    ),
    Symptom(
        "policy-that-collapses",
        r"\b(?:policy |token )?entropy(?:[_ ]loss)?\b[^\n.]{0,60}(?:increas|explo|collaps|drop|"
        r"declin|decreas|ris|upward|"
        r"grow|high|low|vanish|unstable|spik)\w*|(?:increas|collaps|drop|ris|"
        r"unexpected)\w*[^\n.]{0,30}\bentropy\b|"
        r"\bcompletions? (?:are|is) (?:always |all )?(?:at )?(?:the )?(?:max\w*|clipped|cut)|"
        r"(?:completion|response|回答|输出)[_ ]?(?:length|"
        r"长度)[^\n。]{0,12}(?:越[^\n。]{0,6}[短长]|变短|"
        r"下降|断崖)|"
        r"\b(?:response|completion|answer|output)[_ ]lengths?\b[^\n.]{0,60}(?:increas|explo|"
        r"collaps|drop|declin|decreas|grow|shrink|clip)\w*|"
        + near(
            _RL,
            r"\b(?:collaps\w*|crash(?:es|ed)? after \d+ steps|degrad\w*|diverg(?:es|ed|ing))\b|"
            r"训崩|崩溃了?|崩了",
            60,
        )
        + r"|熵(?:坍塌|坍缩|崩|爆|上升|下降)|训崩|(?:reward|奖励)[^\n。]{0,10}(?:突然|骤)(?:降|跌|"
        r"掉|drop|下降)|"
        r"\brewards?\b[^\n.]{0,40}\b(?:suddenly )?(?:drops?|falls?|collapses?|goes) (?:down "
        r")?(?:to|from|sharply|after)\b",
        _drifts,
        {
            "What Causes the Unexpected Increase in Entropy During Training?": "log_completions",
            "GRPO training collapses after 270 steps": "reward_std",
            "训练出现熵坍塌的问题": "beta",
            "response length keeps increasing until it is clipped": "max_completion_length",
            "为什么completion_length越训越短": "dr_grpo",
            "the completion length decreases during GRPO training": "dr_grpo",
            "the output length is the same": "",
            "I set the completion length to 2048 since the answers are long": "",
        },
        words=(
            "entropy",
            "length",
            "collaps",
            "crash",
            "degrad",
            "diverg",
            "reward",
            "熵",
            "崩",
            "奖励",
        ),
        effects=("wrong-generation", "wrong-attention"),
    ),
    Symptom(
        "divergence-that-is-off",
        r"\b(?:KL|kl_div\w*|KL[- ]divergence|policy (?:ratio|KL))\b[^\n.]{0,50}(?:explod|spik|"
        r"negative|"
        r"huge|very (?:high|large)|goes? up|increas|non-?zero|not zero|too (?:high|large)|is 0|"
        r"always 0|stays 0|blow)\w*|\bnegative (?:KL|kl)\b|"
        r"\b(?:importance[_ ](?:sampling )?ratio|logp(?:rob)?s?(?:_diff)?)\b[^\n.]{0,60}"
        r"(?:mismatch|differ|off|drift|large|high)\w*|"
        r"\b(?:mismatch|differ\w*)[^\n.]{0,40}\b(?:vllm|sglang|rollout)s?\b[^\n.]{0,40}\blog ?p",
        told(
            "the distance between policy and reference, or between trainer and rollouts, is said to"
            " "
            "be off",
            "logps of one row: by the trainer, by the reference, by vLLM; which two differ before "
            "the first step?",
            "dtype=torch.bfloat16 and attention of one kind in all of them; temperature the same",
            "the same prompt ids on both sides: one <bos>, one template",
            "a lower learning_rate, beta=0.04",
            why="before any step the policy is the reference, so a distance that is not near 0 "
            "there "
            "comes from precision, another template, dropout, or weights that did not reach the "
            "engine; one that grows later is the rate or the reward",
        ),
        {
            "the KL explodes after 100 steps of GRPO with gemma-3": "logps",
            "logps mismatch between vLLM and trainer for gemma3": "template",
        },
        words=("kl", "ratio", "logp", "log p"),
        effects=("wrong-attention", "wrong-loss", "wrong-generation"),
    ),
    Symptom(
        "rewards-that-stay-at-zero",
        r"\b(?:DPO|IPO|KTO)\b[^\n]{0,60}\bloss\b[^\n]{0,30}\b0\.69\d*[^\n]{0,30}\b(?:all|every|"
        r"each|"
        r"never|always|constant)|\b(?:DPO|IPO|KTO)\b[^\n]{0,60}\bloss\b[^\n]{0,12} (?:stays?|stuck|"
        r"remains?|always|constant\w*)[^\n]{0,12} 0\.69|"
        r"\brewards? stucks?\b|\brewards? (?:function )?(?:(?:is|are|stays?|remains?|always|was|"
        r"were|all|stuck|keeps?|"
        r"constantly|"
        r"both|mostly) ){1,3}(?:at )?(?:0|zero|constant|flat|the same|negative)s?(?:\.0)?\b|"
        r"\brewards? (?:[a-z_]{1,14} ){0,2}(?:does|do|did|is|are|has|have)(?: not|n't) (?:been )?"
        r"(?:increas|improv|go(?:ing)? up|chang|rise|rising|grow)\w*|\b(?:zero|no|flat|0) "
        r"rewards?\b(?! (?:models?|func\w*|hacking)\b)|"
        r"\brewards? (?:score |value |std |mean )?(?:=|:|is|are) ?(?:always "
        r")?[\"'`]?-?[01](?:\.0+)?\b(?!\.\d)|"
        r"\brewards? (?:score )?(?:always|only|constantly)\b|\brewards?\b[^\n.]{0,30}\bnot (?:been "
        r")?(?:increas|improv|ris|go)\w*|"
        r"\b(?:does|do|did|is|are)(?: not|n't) (?:the |my )?rewards? (?:increas|improv|go|"
        r"chang)\w*|\b(?:low|poor|bad) rewards?\b|"
        r"\brewards? (?:[a-z]+ ){0,2}(?:is|are|stays?|remains?|too|very|so) (?:very |too |so "
        r")?low\b|"
        r"\brewards? (?:collaps|drop|decreas|declin|plateau|stagnat)\w*|"
        r"(?:reward|奖励)s?.{0,8}(?:均|都|全)?为 ?0(?!\.\d)|(?:reward|奖励).{0,8}(?:一直|始终|"
        r"不)(?:都)?(?:为|是)?(?: ?[01](?![.\d])|上升|提升|变|增)",
        _by_kind_of_reward,
        {
            "reward is always 0 in GRPO gemma 3": "log_completions",
            "the rewards do not improve after 500 steps of GRPO": "num_generations",
            "no rewards are paid": "log_completions",
            "grpo训练过程中的accuracy reward和format reward一直都是1": "plainly wrong",
            "the reward is always 1": "plainly wrong",
            "There is no reward model in my DPO set-up": "",
            "DPO rewards stuck at zero": "is_trainable=True",
            "During DPO the loss is 0.69 at all steps": "ln 2",
            "DPO: the loss stays at 0.6931": "ln 2",
            "the DPO loss starts at 0.69 and falls": "",
            "In DPO both the rewards stay at 0 and the loss never goes down": "ln 2",
        },
        words=("reward", "0.69", "奖励"),
        effects=("nothing-learned", "wrong-generation", "wrong-gradients"),
    ),
)
