"""What Streamlit runs for every visitor: page settings, the menu, and the page that was chosen."""

if __name__ == "__main__":  # worker processes import this file too, and must not run it
    from lab.ui.menu import serve

    serve()
