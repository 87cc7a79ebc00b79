"""Make it so: plan, deploy, journal, download."""
