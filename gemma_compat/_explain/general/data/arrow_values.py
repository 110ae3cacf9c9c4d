"""What Arrow says of one value or one line that it cannot take, by its sentence."""

from __future__ import annotations

from ...answer import Answer

FROM_PYTHON = (
    (
        r"struct type '[^'\n]{1,80}' with no child field",
        Answer(
            "a column holds empty dicts ({}), and Parquet has no way to write a struct without "
            "fields",
            (
                "dataset.remove_columns([NAME])   the message has the name",
                "or a key in each dict, None where it has no value, or json.dumps(...) as text",
            ),
            why="in a nested column (tools, arguments, metadata) it is the inner dict that is "
            "empty",
            known="the message names the column or the field",
        ),
    ),
    (
        r"CSV parse error|Error tokenizing data|Expected \d+ (?:fields|columns)[^\n]{0,30}(?:saw|"
        r"got)",
        Answer(
            "a line of the CSV file has another number of fields than its first line",
            (
                "a text with commas, quotes or line breaks in double quotes: df.to_csv(FILE, "
                "index=False) writes them so",
                "load_dataset('csv', data_files=FILE, sep='\\t')   where another character "
                "separates the fields (or ';')",
                "on_bad_lines='skip'   drops such lines silently",
            ),
            known="the reader counts the fields; it names the line or shows it",
            settles=False,
        ),
    ),
    (
        r"was specified twice",
        Answer(
            "an object of the JSON file has the same key twice",
            (
                "write the file anew with json.dumps: a dict cannot hold a key twice",
                "or rename one of the two; the message has the key and the row",
            ),
            known="Arrow names the column",
        ),
    ),
    (
        r"Can only convert 1-dimensional array values",
        Answer(
            "a column holds arrays of two or more dimensions, and Arrow takes lists",
            (
                "array.tolist()   in each row",
                "or features=Features({NAME: Array2D(shape=(None, 512), dtype='float32')})",
                "images: datasets.Image() as the column's type, in place of their numbers",
            ),
            known="the message",
        ),
    ),
    (
        r"did not recognize Python value type",
        Answer(
            "a row holds an object that Arrow has no type for",
            (
                "what it is made of in its place: .tolist() of a tensor, str(...) or dict(...) of "
                "another object",
                "images: features=Features({..., 'image': datasets.Image()}) where the data set is "
                "made; without Arrow a plain list of rows and a collator",
            ),
            known="the message names the class",
            settles=False,
        ),
    ),
    (
        r"Failed to parse string: ",
        Answer(
            "a text stands in a column that is to hold numbers (or dates)",
            (
                "names of classes: dataset.class_encode_column(NAME), or a dict from name to "
                "number",
                "features=... without that column, where a config or the data set's card gives it "
                "a type that it has not",
            ),
            known="the message has the text and the type",
            settles=False,
        ),
    ),
    (
        r"Nested data conversions not implemented for chunked array outputs",
        Answer(
            "a row group of a Parquet file is too large to be read at once: its nested column "
            "fills more than one array of 2 GiB",
            (
                "write the file with smaller groups: dataset.to_parquet(FILE, batch_size=100), or "
                "row_group_size=100 in pandas",
                "or in several smaller files, or as JSON lines",
            ),
            known="a limit of Arrow's reader of Parquet: a nested column that comes in several "
            "pieces",
        ),
    ),
    (
        r"Couldn't cast array of type \S{1,80} to null",
        Answer(
            "a column has the type null, as its first rows (or its first file) hold None, and a "
            "later "
            "row has a value",
            (
                "features=Features({..., NAME: Value('string')}) in map or load_dataset",
                "or an empty text in place of None, or writer_batch_size larger than the run of "
                "None",
            ),
            why="the first block that is written sets the type of each column",
            known="the message has both types; run with datasets 4.8.5",
        ),
    ),
    (
        r"Schema at index \d+ was different",
        Answer(
            "tables that are joined do not have the same columns, or types of them",
            ("select_columns([...]) on each, and b = b.cast(a.features), before they are joined",),
            known="the message lists both",
        ),
    ),
)
