"""Reduce a line of a log to what may be shared: the words on an allow-list.

Everything that is not known to be harmless becomes ``…``, so that no path, name, host, address,
token or prompt gets into a public issue with an error message. The line's number is always given,
so whoever has the log can look there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from ..detect.packages import DISTRIBUTIONS
from ..engine.rule import Rule
from ..rules import own_rules, own_words
from ..tables import checkpoints
from .notices import NOTICES

HIDDEN = "…"
WIDTH = 240  # characters of an excerpt

# Words of error messages, added to the words of the rules' own pages.
_COMMON = """
a able about above access across active add added after again all allocate allocated allocation
allocator allow allowed already also always an and another any appears are argument arguments array
arrays as ask assert at attempt attempted attempting attribute attributes automatic available avoid
bad base batch be because been before being below between bit bits block body both broadcast buffer
build built but by bytes cache call callable called calling can cannot capability card case cast
change check checkpoint checkpoints class close collect column columns command compatible compile
compiled compute config configuration consider contain contains contiguous convert copy correct
could count create created current custom cuda cudnn cublas data dataset datasets dataloader decode
decoder default defined deprecated destination detected device devices dict different dim dimension
dimensions directory disk do does done dtype due during each either element elements embedding
empty enable enabled encode end enough entire environment epoch equal error errors eval evaluate
evaluation exact example exceeded except exception exceptions execute execution exist exists expand
expect expected experts explicitly export extra fail failed failure false fast file files find
first fit flag float following for format forward found free from full function functions further
gather general generate generated generation get getting given gpu gradient gradients graph group
had half handle handling happen has have head heads help hidden high hook however id if ignore
illegal image images implementation implemented import imported improper in incompatible index
indices infinite init initialization initialize initialized inner input inputs inside install
installed instance instead int integer internal into invalid is issue it item items iteration its
job kernel key keys keyword killed know known label labels large last later launch layer layers
least left length less level library like limit line linear list lists load loaded loading local
location logits long loss lost low make many mask match mat1 mat2 matmul matrices matrix max maximum
may mean memory message metadata method missing mixed mode model models module modules more most
multiple multiplied must name named nan native need needed needs negative new next no node nodes
non none nonfinite norm not nothing null number object objects of off on one only op open operation
operator operators optimizer option options or original other otherwise out output outputs outside
over overflow own package pad padding parameter parameters parent pass passed path per permission
pixel place platform please point position positional precision prefix prepare previous prior
probability process processes processor property provide provided python quantization quantized
raise raised range rank rather raw reached read ready real received recent recompute recomputation
recommended reduce register registered reload remove removed repeat require required requires
reserved reset reshape resize result results return returned returns right root rotary round row
rows run running runtime runs safe same sample samples save saved scalar scale scaled second see
seed self separate sequence sequences set setting several shape shapes shard sharded share shared
should signal single singleton size sizes slice small so some source space specified specify
split stack start state static status step steps still stop storage store stored str stream strict
stride string strings sub subclass such sum support supported supports system target task tensor
tensors text than that the their them then there these this those thread three through time
timeout timed tied to token tokenizer tokens too top torch total trace track train trainable
trained trainer training triton true truncated try trying tuple two type types unable unexpected
union unique unknown unless unpack unrecognized unscale until up update upgrade use used user uses
using valid value values variable version versions view was way we weight weights were what when
where which while whole width will window with within without word wrong you your zero gib mib gb mb
backward tried address token_type_ids mm_token_type_ids input_ids pixel_values attention_mask
position_ids past_key_values inputs_embeds num_items_in_batch lm_head embed_tokens q_proj k_proj
v_proj o_proj
bounds prompt contained features audio vision video architecture recognize recognized differs
date convert converted conversion tower towers projector embeddings head_dim attn_implementation
accelerator side nested is_torch_tensor hook dist backend tuple dicts
bfloat16 float16 float32 int8 int32 int64 uint8 c10 half byte bos eos unk
traceback call most recent unhandled undefined reference referenced assigned subscriptable
iterable hashable exit exitcode code core dumped segmentation fault worker workers subprocess
"""
_WORD = re.compile(r"[A-Za-z_]\w*")
_ESCAPE = re.compile(r"\\[a-zA-Z]")
_PART = re.compile(r"[A-Za-z_]\w*|\d[\w.+-]*|.")
_COMPOUND = re.compile(r"\w[.:-]+\w")
_DOTTED = re.compile(r"([A-Za-z_]\w*)(?:\.[A-Za-z_]\w*)+", re.ASCII)
_NUMBER = re.compile(r"\d{1,7}(?:\.\d{1,6}){0,2}(?:[.+]?(?:dev|post|rc|cu|a|b|e)\d{1,3})?")
_GEMMA = re.compile(r"(?:Pali|Shield|Embedding|T5|Vault)?Gemma\w{0,40}")
_SUFFIXES = ("Error", "Exception", "Warning", "Cache", "Model", "Config", "Trainer")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:[/\\][A-Za-z_]\w*)*\.py")


def words_of(*texts: str) -> set[str]:
    """Return the words of texts, some of them regular expressions, in lower case."""
    return {word.lower() for word in _WORD.findall(_ESCAPE.sub(" ", "\n".join(texts)))}


class Words:
    """The allow-list: words of rules and notices, of Python, of our facts, and common ones."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        ours = set(own_rules())  # of them the index has the words, so that no page is read
        self._known = _fixed() | own_words()
        for rule in rules:
            if rule not in ours:
                self._known |= words_of(rule.docs, rule.name, *rule.symptoms)

    def excerpt(self, text: str) -> str:
        """Return the line with every word hidden that is not on the list, cut to a readable
        length.
        """
        parts: list[str] = []
        for part in self._parts(" ".join(text.split())):
            if part != HIDDEN or not parts or parts[-1] != HIDDEN:
                parts.append(part)
        shown = "".join(parts)
        return shown if len(shown) <= WIDTH else shown[: WIDTH - 1].rstrip() + HIDDEN

    def _parts(self, line: str) -> Iterator[str]:
        """Yield words and what separates them; a compound with a hidden part (``host-7.corp``) is
        hidden.
        """
        for chunk in re.findall(r"\s+|\S+", line):
            if "/" in chunk or "\\" in chunk or "@" in chunk:
                yield self._address(chunk)
                continue
            dotted = _DOTTED.fullmatch(chunk.strip("\"'`(),.:;<>"))
            if dotted and dotted[1] in _modules():  # a name inside a public package, or said to be
                yield chunk if all(map(self._is_made_of_known, dotted[0].split("."))) else HIDDEN
                continue
            parts = [self._part(match[0]) for match in _PART.finditer(chunk)]
            joined = _COMPOUND.search(chunk)
            if joined and HIDDEN in parts:
                yield HIDDEN + (chunk[-1] if chunk[-1] in ":,;)" else "")
            else:
                yield from parts

    def _part(self, part: str) -> str:
        if not part.isascii():
            return HIDDEN
        if part[0].isalpha() or part[0] == "_":
            return part if self._is_known(part) else HIDDEN
        if part[0].isdigit():
            return part if _NUMBER.fullmatch(part.rstrip(".:-")) else HIDDEN
        return part if part.isprintable() else HIDDEN

    def _is_known(self, word: str) -> bool:
        if not word.isascii():
            return False
        if word.lower() in self._known or len(word) == 1 or _GEMMA.fullmatch(word):
            return True
        # Names of the user's exceptions and classes may say too much: both halves must be known.
        stem = next((word[: -len(end)] for end in _SUFFIXES if word.endswith(end)), "")
        halves = re.findall(r"[A-Z][a-z]+|[A-Z]+(?![a-z])", stem)
        return bool(halves) and all(half.lower() in self._known for half in halves)

    def _is_made_of_known(self, name: str) -> bool:
        """Return whether a name such as ``modeling_gemma3`` consists of known words."""
        if self._is_known(name):
            return True
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
        return bool(words) and all(word.isdigit() or self._is_known(word) for word in words)

    def _address(self, part: str) -> str:
        """Return a file inside a public package or a published checkpoint; hide any other
        address.
        """
        inside = re.split(r"(?:site|dist)-packages[/\\]", part)
        file = _MODULE.match(inside[-1]) if len(inside) > 1 else None
        if file and re.split(r"[/\\]", file[0])[0] in _modules():
            return f"{HIDDEN}/{file[0]}".replace("\\", "/")
        name = part.strip("\"'`(),.:;[]{}")
        if not part.startswith(("/", "~", ".")) and "@" not in part and "\\" not in part:
            words = name.split("/")  # list/tuple/dicts
            if all(word.isalpha() and self._is_known(word) for word in words):
                return part
        known = checkpoints.find(name) if "/" in name else None
        return f"'{known.name}'" if known else HIDDEN


@lru_cache(maxsize=1)
def _modules() -> frozenset[str]:
    return frozenset(DISTRIBUTIONS.values())


@lru_cache(maxsize=1)
def _fixed() -> frozenset[str]:
    import builtins
    import keyword

    from ..facts import Facts, ModelFacts, TrainingFacts

    known = {*_COMMON.split(), *_modules(), *(word.lower() for word in keyword.kwlist)}
    known |= {name.lower() for name in dir(builtins)}
    for record in (Facts, ModelFacts, TrainingFacts):
        known |= set(record.field_names())
    for notice in NOTICES:
        known |= {w.lower() for w in _WORD.findall(notice.meaning + " " + notice.symptom)}
    return frozenset(known)
