"""Plotly figures of frames and arrays; torch is never seen here."""
