"""Language models behind one client: profiles, validated answers, the spend guard, the offline digest."""
