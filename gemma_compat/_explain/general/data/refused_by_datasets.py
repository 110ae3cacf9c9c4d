"""What datasets and huggingface_hub refuse: labels, columns, splits, uploads."""

from __future__ import annotations

from ..base import General
from ..refused import Row, refused

_ROWS: tuple[Row, ...] = (
    Row(
        "ValueError: Invalid string class label positive",
        r"ValueError: Invalid string class label (\S[^\n]{0,60})",
        "a row has the label {0}, which the column's ClassLabel does not have",
        (
            "print(dataset.features['label'].names)   : the names that it has",
            "ClassLabel(names=sorted(set(dataset['label'])))   from the column as it is, in "
            "cast_column",
        ),
        "case and blanks count",
    ),
    Row(
        "ValueError: Class label 5 greater than configured num_classes 2",
        r"Class label (-?\d{1,9}) greater than configured num_classes (\d{1,6})|Invalid integer "
        r"class label (-?\d{1,9})",
        "a row has the label {0}{2}, which the column's ClassLabel has no name for",
        (
            "ClassLabel(num_classes=max(dataset['label']) + 1)   in cast_column or the features, "
            "with labels from 0",
        ),
    ),
    Row(
        "ValueError: Stratifying by column is only supported for ClassLabel column, and column "
        "label is Value.",
        r"Stratifying by column is only supported for ClassLabel column, and column (\w{1,60}) is",
        "the split is to keep the shares of column {0}, which is not a ClassLabel",
        ("dataset = dataset.class_encode_column('{0}')   before train_test_split",),
    ),
    Row(
        "ValueError: The least populated class in label column has only 1 member, which is too "
        "few.",
        r"The least populated class in (\S{1,60}) column has only (\d{1,3}) member",
        "a class of column {0} has one row, and a split cannot put it on both sides",
        (
            "without stratify_by_column",
            "or take the rows of such classes out: dataset.filter(...)",
        ),
    ),
    Row(
        "ValueError: Original column names {'txt'} not in the dataset. Current columns in the "
        "dataset: ['text']",
        r"Original column names (\{[^}\n]{1,120}\}) not in the dataset\. Current columns in the "
        r"dataset: (\[[^\]\n]{0,300}\])",
        "rename_columns names {0}, which the data set does not have: it has {1}",
        ("print(dataset.column_names)   and the names as they are printed",),
    ),
    Row(
        "ValueError: The columns in features (['a']) must be identical as the columns in the "
        "dataset: ['a', 'b']",
        r"The columns in features \((\[[^\]\n]{0,200}\])\) must be identical as the columns in the "
        r"dataset: (\[[^\]\n]{0,300}\])",
        "cast() is given features for {0}, and the data set has {1}",
        (
            "dataset.cast_column('NAME', ...)   for one column",
            "or features for all columns: features = dataset.features.copy(), changed",
        ),
    ),
    Row(
        "ValueError: Failed to retrieve results from map: result list [None] still contains None - "
        "at least one worker failed to return its results",
        r"Failed to retrieve results from (?:map|prepare_split): result list[^\n]{1,400}still "
        r"contains None",
        "a worker process of map() ended without its result",
        (
            "dataset.map(..., num_proc=1)   : the error of the function is then shown",
            "fewer workers, where the machine ran out of memory (dmesg | grep -i kill)",
        ),
    ),
    Row(
        "ValueError: Expected a list of Dataset objects or a list of IterableDataset objects, but "
        "element at position 0 is a DatasetDict.",
        r"Expected a list of Dataset objects or a list of IterableDataset objects, but element at "
        r"position (\d{1,4}) is an? (\w{2,40}(?: dictionary)?)",
        "data sets are to be joined, and number {0} of them is a {1}, and no single split",
        (
            "concatenate_datasets([first['train'], second['train']])   : a split of each",
            "or load_dataset(..., split='train')",
        ),
    ),
    Row(
        "TypeError: Values in `DatasetDict` should be of type `Dataset` but got type '<class "
        "'dict'>'",
        r"Values in `DatasetDict` should be of type `Dataset` but got type '<class '([\w.]{1,80})'",
        "a DatasetDict is made with {0} as one of its splits",
        (
            "Dataset.from_list(rows) or Dataset.from_dict(columns)   for each split, before "
            "DatasetDict({'train': ...})",
        ),
    ),
    Row(
        "ValueError: BuilderConfig ParquetConfig(name='default', version=0.0.0) doesn't have a "
        "'use_auth_token' key.",
        r"BuilderConfig (\w{2,40})\([^\n]{0,600}doesn't have a '(\w{1,40})' key",
        "load_dataset() is given {1}, which neither it nor {0} takes",
        (
            "token=...   in place of use_auth_token (which datasets 3 and newer do not take)",
            "another one: leave it out, or look it up in the config's own fields, which the "
            "message lists",
        ),
        "what load_dataset does not know it hands on to the reader of the files",
    ),
    Row(
        "TypeError: 'torchcodec.decoders.AudioDecoder' object is not subscriptable",
        r"'torchcodec\.decoders\.AudioDecoder' object is not subscriptable",
        "a row's audio is read like the dict of older releases, by a key that the decoder does not "
        "have",
        (
            'audio = row["audio"]; audio["array"], audio["sampling_rate"]   : the two keys that it '
            "has",
            "or pip install 'datasets<4'   for a script of that time",
        ),
        "datasets 4 returns a decoder of torchcodec in place of a dict",
    ),
    Row(
        "ValueError: An image should have one of 'path' or 'bytes' but both are None in {'bytes': "
        "None, 'path': None}.",
        r"An? (image|audio sample|video|pdf)(?: sample)? should have one of 'path' or 'bytes' but "
        r"(?:both are None|they are missing or None)",
        "a row of the column has no {0}: neither path nor bytes",
        (
            "dataset = dataset.filter(lambda row: row['image'] is not None)   before it is decoded "
            "(cast_column('image', Image(decode=False)) shows what the rows hold)",
        ),
    ),
    Row(
        "ValueError: Got a string but expected a list instead: 'hello'",
        r"Got a string but expected a list instead: ",
        "a column that holds lists, by its features, got a text",
        (
            "return {'NAME': [text]}   from the function of map(), or split the text",
            "or features=... of the new kind in map(), where texts are meant",
        ),
    ),
    Row(
        "ValueError: Unable to shard a dataset of size 3 into 8 shards (the number of shards "
        "exceeds the number of samples).",
        r"Unable to shard a dataset of size (\d{1,9}) into (\d{1,6}) shards",
        "{0} rows are to be split into {1} parts",
        ("fewer parts: num_shards={0} (num_proc={0}) or less",),
    ),
)

_HUB: tuple[Row, ...] = (
    Row(
        "ValueError: Provided path: 'out/model.gguf' is not a file on the local file system",
        r"Provided path: '([^'\n]{1,200})' is not a (file on the local file system|directory)",
        "{0} is to be uploaded, and it is not a {1}",
        (
            "ls {0}   : upload_file takes a file, upload_folder a folder; the path counts from "
            "where the command runs",
        ),
    ),
    Row(
        "ValueError: Invalid token passed!",
        r"ValueError: Invalid token passed!",
        "the Hub does not know the token that login() got",
        (
            "hf auth login   (huggingface-cli login) with a token copied anew from "
            "https://huggingface.co/settings/tokens",
            "print(len(token))   : a notebook's secret may hold blanks or quotes around it",
        ),
    ),
    Row(
        "RuntimeError: An error occurred while downloading using `hf_transfer`. Consider disabling "
        "HF_HUB_ENABLE_HF_TRANSFER for better error handling.",
        r"An error occurred while (down|up)loading using `hf_transfer`",
        "hf_transfer broke off while {0}loading, and does not say why",
        (
            "HF_HUB_ENABLE_HF_TRANSFER=0   and again: the slower way names the cause, retries and "
            "goes on where it stopped",
            "df -h ~/.cache/huggingface   : a full disk looks the same",
        ),
    ),
    Row(
        "OSError: Distant resource does not have a Content-Length.",
        r"Distant resource does not have (?:a Content-Length|an ETag)",
        "what answered in the Hub's place left out what huggingface_hub needs to fetch a file",
        (
            "echo $HF_ENDPOINT $HTTPS_PROXY   : a mirror or a proxy that drops headers",
            "HF_ENDPOINT=https://huggingface.co   where it can be reached",
            "pip install -U huggingface_hub   for an old one",
        ),
    ),
)

KINDS: tuple[General, ...] = (
    refused(
        "refused-by-datasets",
        ("datasets",),
        _ROWS,
        "the message; its condition was read in datasets 2.13.1 to 5.2.0",
        {
            "Is stratifying by column only supported for ClassLabel?": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/odd/use.py", line 3, in '
            "f\n    raise ValueError(\nValueError: Invalid string class label positive": "",
        },
    ),
    refused(
        "refused-by-the-hub-client",
        ("huggingface_hub",),
        _HUB,
        "the message; its condition was read in huggingface_hub 0.16.4 to 2.4.0",
    ),
)
