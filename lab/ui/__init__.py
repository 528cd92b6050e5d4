"""All that is Streamlit's: pages, widgets, the live stage, the server."""
