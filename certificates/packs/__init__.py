"""Certificates as one file (打包下载): the stored PDFs of a batch, an institution or a print order, with manifest and hashes."""
