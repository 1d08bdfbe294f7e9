"""Reading an upload's form: parts and fields, and the file into a folder of ours. Memory does not grow with its size."""
