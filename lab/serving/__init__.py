"""What a host needs around the lab: access, headers, health, metrics, logs. It knows HTTP, not Streamlit."""
