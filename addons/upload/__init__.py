"""upload: form, who is it, may they, is it sound, store. It knows nothing of mitmproxy."""
