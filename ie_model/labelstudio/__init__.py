"""Label Studio: articles out with what the model found, people's corrections back.

Everything but `server` and `sync` works on Label Studio's JSON and needs no package of theirs.

| module | owns |
|---|---|
| `interface` | the labelling configuration: labels, relations, the names of the tags |
| `offsets` | positions in code points, UTF-16 units, with line ends as one or two |
| `tasks` | what a file of tasks holds: full JSON, JSON-MIN, folders |
| `reading` | regions and relations of one completion, and every fault in them |
| `exporting` | documents to tasks with predictions |
| `importing` | tasks to documents; whose completion counts |
| `agreement` | how far annotators agree |
| `articles`, `documents` | what a user names: texts, or documents found before |
| `checking` | every fault of an export |
| `server`, `sync` | a server, and push and pull with it (these need the SDK) |
| `backend` | what Label Studio asks of a connected model |
| `cli` | `ie-model label-studio …` |
"""
