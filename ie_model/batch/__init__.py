"""Extraction in bulk: records from files, in chunks, through worker processes, to one output file.

`job.run` is what `ie-model batch` calls. The way of a record:

- `sources`   files to entries, as a stream that can start anywhere
- `records`   an entry to a checked record, or to the reason why it is none
- `chunks`    records in chunks, a chunk to the lines of its documents
- `local`, `ray_engine`   chunks through this process, worker processes or a Ray cluster
- `store`     lines to the output: locked, resumable, complete or not there
"""
