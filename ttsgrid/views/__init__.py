"""Views: what the analysis found, shown in words, tables, pictures and pages."""
